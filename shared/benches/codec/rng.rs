//! Random numbers for worlds: a generator that is a line long in any language, so that others can
//! make the same worlds.

/// Marsaglia's xorshift with 64 bits of state.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    /// The generator of a case's seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(7919).wrapping_add(1))
    }

    /// From 0 up to 1, in steps of 2^-32.
    pub(crate) fn fraction(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let high = u32::try_from(self.0 >> 32).expect("half of 64 bits");
        f64::from(high) / 4_294_967_296.0
    }

    /// Whether something of this chance happens.
    pub(crate) fn chance(&mut self, chance: f64) -> bool {
        self.fraction() < chance
    }

    /// A whole number from 0 up to `end`.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of an i32 is less than it"
    )]
    pub(crate) fn below(&mut self, end: i32) -> i32 {
        (self.fraction() * f64::from(end)) as i32
    }

    /// Which of `count` things.
    pub(crate) fn pick(&mut self, count: usize) -> usize {
        let end = i32::try_from(count).expect("a world has fewer things");
        usize::try_from(self.below(end)).expect("not negative")
    }
}
