//! The guard: a rustc wrapper that looks at each package right before rustc compiles it.
//!
//! Cargo calls it as `provenance-guard RUSTC ARGUMENTS…` (the cargo book, `build.rustc-wrapper`). Whatever a configuration
//! file, `paths`, a source replacement or `--config` put in the place of a package, `CARGO_MANIFEST_DIR` names the directory
//! that is compiled, so its tree is what is compared with the pin. When rustc is done, its dep-info tells which files it
//! really read.
//!
//! ```text
//! program ─▶ call ─▶ judge ─▶ rustc ─▶ inputs
//!                      └─▶ session     a git checkout is hashed once per build
//! ```
//!
//! It links nothing but the kernel, so that it starts in a millisecond.

mod call;
mod dep_info;
#[expect(clippy::disallowed_methods, reason = "the guard is a program of its own: its edge")]
mod environment;
mod inputs;
mod judge;
#[expect(clippy::disallowed_methods, reason = "the guard is a program of its own: its edge")]
mod program;
#[expect(clippy::disallowed_methods, reason = "the one record that the guard keeps")]
mod session;

pub use program::main;

/// The name of the program, without the extension that some systems add.
pub const PROGRAM: &str = "provenance-guard";

/// The variable that names the workspace root: a forced, relative entry of `[env]`, or set by `cargo provenance build`.
pub const WORKSPACE: &str = "PROVENANCE_WORKSPACE";

/// The variable that names the wrapper that the guard calls in turn, as `sccache`.
pub const INNER: &str = "PROVENANCE_INNER_WRAPPER";

/// What the guard adds to the answer to `-vV`. Cargo makes what rustc says of itself a part of every artifact's name, so
/// artifacts that came about without the guard are never taken for its own. The number rises when the guard judges more
/// strictly.
const IDENTITY: &str = "provenance-guard: 1";

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    /// What is wrong: a lowercase fragment.
    what: String,
    /// What else there is to know, a line each.
    details: Vec<String>,
    /// What to do next.
    help: String,
}

impl Refusal {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), details: vec![], help: help.into() }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.details.push(detail.into());
        self
    }
}

impl From<provenance_build::Error> for Refusal {
    fn from(error: provenance_build::Error) -> Self {
        let mut refusal = Self::new(error.to_string(), error.help().unwrap_or_default());
        refusal.details.extend(error.details().iter().cloned());
        refusal.details.extend(std::error::Error::source(&error).map(ToString::to_string));
        refusal
    }
}
