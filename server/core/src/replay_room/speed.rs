//! How fast a recorded match is shown.

/// So many ticks of the record in so many ticks of what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    ticks: u32,
    over: u32,
}

impl Speed {
    /// As it was played.
    pub const NORMAL: Self = Self { ticks: 1, over: 1 };

    /// The greatest, in quarters.
    const QUARTERS_MAX: u32 = 64;

    /// A speed in quarters of the normal one: a quarter, a half, or a whole number of times up to
    /// 16. Others would show some ticks for longer than others, and what moves would stutter.
    pub fn of_quarters(quarters: u32) -> Option<Self> {
        match quarters {
            1 => Some(Self { ticks: 1, over: 4 }),
            2 => Some(Self { ticks: 1, over: 2 }),
            4..=Self::QUARTERS_MAX if quarters.is_multiple_of(4) => Some(Self {
                ticks: quarters / 4,
                over: 1,
            }),
            _ => None,
        }
    }

    /// The same in quarters.
    pub fn quarters(self) -> u32 {
        self.ticks * 4 / self.over
    }

    /// Ticks of the record from one snapshot to the next.
    pub fn ticks(self) -> u32 {
        self.ticks
    }

    /// Ticks of what is shown from one snapshot to the next.
    pub fn over(self) -> u32 {
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_quarters_that_show_every_tick_for_as_long_as_others() {
        let speeds: Vec<u32> = (0..1000)
            .filter(|&quarters| Speed::of_quarters(quarters).is_some())
            .collect();
        assert_eq!(speeds.len(), 18);
        assert_eq!(speeds[..3], [1, 2, 4]);
        assert_eq!(speeds.last(), Some(&64));
        for quarters in speeds {
            let speed = Speed::of_quarters(quarters).expect("it is one");
            assert_eq!(speed.quarters(), quarters);
        }
        assert_eq!(Speed::of_quarters(4), Some(Speed::NORMAL));
    }
}
