//! What carries snapshots from one end to the other.

/// Both ends of a way to carry the snapshots of one trace, in order.
///
/// Snapshots are taken in batches, so that reading the clock does not count: first a batch is
/// prepared, then it is encoded, then decoded.
pub(crate) trait Format {
    /// The most snapshots of a batch.
    fn batch_max(&self) -> usize {
        usize::MAX
    }

    /// Brings the input of `tick` near, as number `place` of the batch; untimed. A game has just
    /// written what a server encodes.
    fn prepare(&mut self, place: usize, tick: usize);

    /// Appends the snapshot at `place` to `out`.
    fn encode(&mut self, place: usize, out: &mut Vec<u8>);

    /// Brings the other end up to date.
    fn decode(&mut self, bytes: &[u8]);

    /// Compares what the other end has after `tick`, whose snapshot was `bytes`, with the original;
    /// untimed, for batches of one.
    ///
    /// # Panics
    ///
    /// If they differ.
    fn check(&mut self, tick: usize, bytes: &[u8]);
}
