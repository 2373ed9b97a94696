//! What the server's own metrics say about a span of time: the text of before and after, compared.

use std::collections::BTreeMap;

/// The numbers of one answer of `/metrics`, by name and labels.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the text format.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let numbers = lines.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(numbers.collect())
    }

    /// By how much everything grew since `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let grown = self.0.iter().map(|(name, value)| {
            let earlier = before.0.get(name).copied().unwrap_or(0.0);
            (name.clone(), value - earlier)
        });
        Self(grown.collect())
    }

    /// A number by its name, labels included; 0 if there is none.
    pub(crate) fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// Numbers whose name begins with `prefix`, which are not 0, by the rest of their names.
    pub(crate) fn with_prefix(&self, prefix: &str) -> BTreeMap<String, f64> {
        let named = self.0.iter().filter_map(|(name, &value)| {
            let rest = name.strip_prefix(prefix)?;
            (value != 0.0).then(|| (rest.to_owned(), value))
        });
        named.collect()
    }

    /// The upper end of the bucket in which a share of a histogram's values lies, in the histogram's
    /// unit; nothing if it has no values.
    pub(crate) fn quantile(&self, histogram: &str, share: f64) -> Option<f64> {
        let total = self.get(&format!("{histogram}_count"));
        let prefix = format!("{histogram}_bucket{{le=\"");
        let mut buckets: Vec<(f64, f64)> = self
            .0
            .iter()
            .filter_map(|(name, &count)| {
                let bound = name.strip_prefix(&prefix)?.strip_suffix("\"}")?;
                let bound = bound.replace("+Inf", "inf");
                Some((bound.parse().ok()?, count))
            })
            .collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let found = buckets.iter().find(|&&(_, count)| count >= total * share);
        found.filter(|_| total > 0.0).map(|&(bound, _)| bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_what_was_new_lies_in_a_bucket() {
        let text = |low: u32, all: u32| {
            format!(
                "# TYPE a histogram\na_bucket{{le=\"0.001\"}} {low}\na_bucket{{le=\"0.002\"}} {all}\n\
                 a_bucket{{le=\"+Inf\"}} {all}\na_count {all}\nb{{c=\"d\"}} 3\n"
            )
        };
        let before = Metrics::parse(&text(90, 90));
        let grown = Metrics::parse(&text(140, 190)).since(&before);
        assert_eq!(grown.quantile("a", 0.5), Some(0.001));
        assert_eq!(grown.quantile("a", 0.51), Some(0.002));
        assert_eq!(grown.quantile("b", 0.5), None);
        assert_eq!(grown.with_prefix("b{c="), BTreeMap::new());
        assert_eq!(
            before.with_prefix("b{c="),
            [("\"d\"}".to_owned(), 3.0)].into()
        );
    }
}
