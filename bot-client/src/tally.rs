//! Distributions over all bots of a swarm.
//!
//! A histogram takes tens of kilobytes, so bots share these: each hands over what it has gathered
//! about once a second.

use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::wire::Wire;

/// The largest value told apart, in the smallest units: a minute in microseconds.
const VALUE_MAX: u64 = 60_000_000;

/// How many values a bot gathers before it hands them over.
const GATHERED: usize = 64;

/// One distribution that many bots add to.
#[derive(Debug)]
pub(crate) struct SharedHistogram(Mutex<Histogram<u64>>);

impl Default for SharedHistogram {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, VALUE_MAX, 3);
        Self(Mutex::new(histogram.expect("the bounds are sound")))
    }
}

impl SharedHistogram {
    /// Adds values.
    pub(crate) fn record(&self, values: impl Iterator<Item = u64>) {
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for value in values {
            histogram.saturating_record(value);
        }
    }

    /// Takes all values out of `values`.
    pub(crate) fn add(&self, values: &mut Vec<u64>) {
        self.record(values.drain(..));
    }

    /// Takes them out if they are many.
    pub(crate) fn add_if_many(&self, values: &mut Vec<u64>) {
        if values.len() >= GATHERED {
            self.add(values);
        }
    }

    /// The same as [`SharedHistogram::percentiles`], and begins anew.
    pub(crate) fn take_percentiles(&self, unit: f64) -> Percentiles {
        let percentiles = self.percentiles(unit);
        let mut histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        histogram.reset();
        percentiles
    }

    /// The distribution, its values divided by `unit`.
    pub(crate) fn percentiles(&self, unit: f64) -> Percentiles {
        let histogram = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = |value: u64| {
            #[expect(clippy::cast_precision_loss, reason = "values are at most VALUE_MAX")]
            let value = value as f64 / unit;
            (value * 100.0).round() / 100.0
        };
        Percentiles {
            p50: value(histogram.value_at_quantile(0.5)),
            p90: value(histogram.value_at_quantile(0.9)),
            p99: value(histogram.value_at_quantile(0.99)),
            max: value(histogram.max()),
        }
    }
}

/// A distribution in four numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Half of the values are at most this.
    pub p50: f64,
    /// Nine of ten are.
    pub p90: f64,
    /// Ninety-nine of a hundred are.
    pub p99: f64,
    /// All are.
    pub max: f64,
}

/// The distributions of a swarm.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// From stamping an input to the first frame that tells it was applied, in microseconds.
    pub(crate) input_to_visible: SharedHistogram,
    /// How far ahead of the server's clock inputs are stamped, in hundredths of a tick.
    pub(crate) input_lead: SharedHistogram,
    /// From the end of a stall to the first frame of the present, in microseconds.
    pub(crate) stall_recovery: SharedHistogram,
    /// From a lost connection to the seat on another one, in microseconds.
    pub(crate) outage: SharedHistogram,
    /// What travelled on all sockets.
    pub(crate) wire: Arc<Wire>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_values() {
        let histogram = SharedHistogram::default();
        let mut values: Vec<u64> = (1..=1000).map(|n| n * 1000).collect();
        histogram.add(&mut values);
        assert!(values.is_empty());
        let percentiles = histogram.percentiles(1000.0);
        for (value, expected) in [
            (percentiles.p50, 500.0),
            (percentiles.p90, 900.0),
            (percentiles.p99, 990.0),
            (percentiles.max, 1000.0),
        ] {
            assert!(
                (value - expected).abs() < expected * 0.002,
                "{percentiles:?}"
            );
        }
    }

    #[test]
    fn few_values_wait_and_huge_ones_fit() {
        let histogram = SharedHistogram::default();
        let mut values = vec![u64::MAX];
        histogram.add_if_many(&mut values);
        assert_eq!(values.len(), 1);
        histogram.add(&mut values);
        assert!(histogram.percentiles(1.0).max > 5e7);
    }
}
