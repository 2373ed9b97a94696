//! Results: many runs of one thing as median, least and most, as a table and as JSON.
//!
//! Knows names and numbers, not what they mean.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

/// One row of a table: what was measured, by name, once a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    name: String,
    /// In the order in which they were first told.
    columns: Vec<String>,
    values: BTreeMap<String, Vec<f64>>,
}

impl Row {
    /// A row without numbers.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Adds what one run found for a column.
    pub(crate) fn add(&mut self, column: &str, value: f64) {
        if !self.values.contains_key(column) {
            self.columns.push(column.to_owned());
        }
        self.values
            .entry(column.to_owned())
            .or_default()
            .push(value);
    }

    /// The values of a column, one a run.
    pub(crate) fn values(&self, column: &str) -> &[f64] {
        self.values.get(column).map_or(&[], Vec::as_slice)
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn json(&self) -> Value {
        let columns = self.values.iter().filter_map(|(column, values)| {
            let spread = Spread::of(values)?;
            let value =
                json!({"median": spread.median, "least": spread.least, "most": spread.most});
            Some((column.clone(), value))
        });
        Value::Object(columns.collect())
    }
}

/// What several runs found.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    least: f64,
    most: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            *sorted.get(middle)?
        } else {
            f64::midpoint(*sorted.get(middle.checked_sub(1)?)?, *sorted.get(middle)?)
        };
        Some(Self {
            median,
            least: *sorted.first()?,
            most: *sorted.last()?,
        })
    }
}

/// Prints rows, what each found in a column of its own: medians, and behind them least and most.
/// Adds one line of JSON to `figures` under the title.
///
/// # Errors
///
/// If the file can't be written.
pub(crate) fn publish(title: &str, rows: &[Row], figures: Option<&Path>) -> io::Result<()> {
    say(&format!("\n{title}\n{}", table(rows)));
    let Some(path) = figures else { return Ok(()) };
    let value: Map<String, Value> = rows
        .iter()
        .map(|row| (row.name.clone(), row.json()))
        .collect();
    let line = json!({"figure": title, "value": value});
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{line}")
}

/// A line a column, a column a row: there are more numbers than servers.
fn table(rows: &[Row]) -> String {
    let mut columns: Vec<&String> = Vec::new();
    for column in rows.iter().flat_map(|row| &row.columns) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let mut lines = vec![vec![String::new()]];
    lines[0].extend(rows.iter().map(|row| row.name.clone()));
    for column in columns {
        let cells = rows.iter().map(|row| cell(row.values(column)));
        lines.push(std::iter::once(column.clone()).chain(cells).collect());
    }
    let width = |place: usize| {
        let cells = lines.iter().filter_map(|line| line.get(place));
        cells.map(String::len).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..=rows.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
            if place == 0 {
                let _ = write!(text, "{cell:<width$}");
            } else {
                let _ = write!(text, "  {cell:>width$}");
            }
        }
        text.push('\n');
    }
    text
}

fn cell(values: &[f64]) -> String {
    let Some(spread) = Spread::of(values) else {
        return "-".to_owned();
    };
    let [median, least, most] = [spread.median, spread.least, spread.most].map(number);
    if least == most {
        median
    } else {
        format!("{median} [{least}..{most}]")
    }
}

/// Three digits or so.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 || large == 0.0 => 0,
        middle if middle >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}

/// Prints a line.
pub(crate) fn say(text: &str) {
    // An error means that nobody listens.
    let _ = writeln!(io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_stands_before_the_spread() {
        let mut row = Row::new("a");
        for value in [3.0, 1.0, 200.0] {
            row.add("b", value);
        }
        assert_eq!(cell(row.values("b")), "3.00 [1.00..200]");
        assert_eq!(row.json()["b"]["median"], 3.0);
        row.add("b", 4.0);
        assert_eq!(row.json()["b"]["median"], 3.5);
        assert_eq!(cell(row.values("c")), "-");
    }

    #[test]
    fn a_row_may_lack_what_another_has() {
        let (mut one, mut other) = (Row::new("one"), Row::new("other"));
        one.add("a", 1.0);
        other.add("b", 0.0);
        assert_eq!(
            table(&[one, other]),
            "    one  other\na  1.00      -\nb     -      0\n"
        );
    }
}
