//! How a use case tells that it is still at work. The terminal layer draws it; tests and machines ignore it.

/// Receives signs of life. Every method does nothing by default.
pub trait Progress: Sync {
    /// A phase begins: `Vetting` / `serde v1.0.0 and 3 dependencies`.
    fn status(&self, verb: &str, message: &str) {
        let _ = (verb, message);
    }

    /// A countable phase begins; `total` steps will follow.
    fn begin(&self, verb: &'static str, total: usize) {
        let _ = (verb, total);
    }

    /// One step of the countable phase is done.
    fn tick(&self) {}

    /// The countable phase is over.
    fn end(&self) {}
}

/// Progress for nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {}
