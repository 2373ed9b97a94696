//! What the command line chooses.

/// What to run, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Cases are run whose names contain one of these; all if there are none.
    pub(crate) names: Vec<String>,
    /// What worlds are made from, if not from each case's own.
    pub(crate) seed: Option<u64>,
    /// Timed runs of each format; 0 for bytes alone.
    pub(crate) runs: usize,
    /// The most ticks of a case, if less than all.
    pub(crate) ticks: usize,
    /// Snapshots between two readings of the clock.
    pub(crate) batch: usize,
    /// Whether what people use instead is measured as well.
    pub(crate) baselines: bool,
    /// Whether to say what every field costs.
    pub(crate) costs: bool,
    pub(crate) output: Output,
}

/// What is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// A table for each case.
    Tables,
    /// A line of JSON for each case and format.
    Json,
    /// That a case was checked.
    Names,
}

/// What the user wants.
pub(crate) enum Asked {
    Run(Options),
    Help,
}

impl Options {
    /// Reads the command line.
    ///
    /// Without cargo's `--bench` this is a test run, as `cargo test --all-targets` does it: a few
    /// ticks of everything, to see that it works.
    pub(crate) fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
        let mut options = Self {
            names: Vec::new(),
            seed: None,
            runs: 0,
            ticks: 40,
            batch: 16,
            baselines: true,
            costs: false,
            output: Output::Names,
        };
        let mut all: Vec<String> = arguments.collect();
        if let Some(place) = all.iter().position(|argument| argument == "--bench") {
            all.remove(place);
            options.runs = 5;
            options.ticks = usize::MAX;
            options.output = Output::Tables;
        }
        let mut rest = all.into_iter();
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "-h" | "--help" => return Ok(Asked::Help),
                "--ours" => options.baselines = false,
                "--costs" => options.costs = true,
                "--json" => options.output = Output::Json,
                "--bytes" => options.runs = 0,
                "--seed" => options.seed = Some(number(&argument, rest.next())?),
                "--runs" => options.runs = number(&argument, rest.next())?,
                "--ticks" => options.ticks = number(&argument, rest.next())?,
                "--batch" => options.batch = number::<usize>(&argument, rest.next())?.max(1),
                name if !name.starts_with('-') => options.names.push(argument),
                _ => return Err(argument),
            }
        }
        Ok(Asked::Run(options))
    }

    /// Whether the case of this name is to be run.
    pub(crate) fn chooses(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}

fn number<T: core::str::FromStr>(argument: &str, value: Option<String>) -> Result<T, String> {
    let value = value.ok_or_else(|| format!("{argument} without its number"))?;
    value.parse().map_err(|_| format!("{argument} {value}"))
}
