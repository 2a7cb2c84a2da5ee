//! Numbers that look random and are the same for the same seed (SplitMix64).

/// A source of choices.
pub struct Chance(u64);

impl Chance {
    /// The choices of a seed.
    pub fn of(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x5851_f42d_4c95_7f2d);
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// True so many times of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several.
    pub fn of_all<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// One to `most` of several, each at most once, in any order.
    pub fn some<T: Clone + PartialEq>(&mut self, all: &[T], most: usize) -> Vec<T> {
        let mut some: Vec<T> = vec![];
        for _ in 0..=self.below(most) {
            let one = self.of_all(all);
            if !some.contains(&one) {
                some.push(one);
            }
        }
        some
    }
}
