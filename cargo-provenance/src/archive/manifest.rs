//! What the packaged `Cargo.toml` says: identity, license, code that runs at build time.

use provenance_build::manifest::BuildTime;

/// What a manifest says about its license, verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct License {
    /// `package.license`.
    pub expression: Option<String>,
    /// `package.license-file`.
    pub file: Option<String>,
}

/// What was read from the manifest.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) build_time: Vec<BuildTime>,
    pub(super) license: License,
}
