//! What `init --guard` changes: cargo's configuration calls the guard before rustc, and the manifest records that.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::config::{self, Setting};
use provenance_build::observe;
use provenance_build::{Manifest, manifest, toml};

use super::pinning::Error;
use crate::collect::situation::relative;
use crate::finding::{Finding, Weight};
use crate::helper::{self, Wrapped};
use crate::report::Report;

/// The guard to set up: how it is called, and the variables by which it learns what it has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The name of its program.
    pub program: &'static str,
    /// The variable that names the workspace root.
    pub workspace_variable: &'static str,
    /// The variable that names the wrapper to call in turn.
    pub inner_variable: &'static str,
}

/// The changes that set up the guard; nothing is written.
#[derive(Clone, Debug)]
pub(super) struct Guarding {
    /// The configuration file.
    pub(super) file: PathBuf,
    /// Its text, if it is there.
    pub(super) old: Option<String>,
    /// Its new text.
    pub(super) new: String,
    inner: Option<String>,
    settings: Vec<Setting>,
}

impl Guarding {
    /// Plans the changes for the workspace at `root`.
    pub(super) fn plan(root: &Path, guard: Guard) -> Result<Self, Error> {
        let folder = root.join(".cargo");
        // Cargo prefers the old name where both are there.
        let file = Some(folder.join("config")).filter(|file| file.exists());
        let file = file.unwrap_or_else(|| folder.join("config.toml"));
        let old = if file.exists() { Some(toml::read(&file)?) } else { None };
        let text = old.as_deref().unwrap_or_default();
        let wrapped = helper::wrap(text, guard.program, guard.workspace_variable, guard.inner_variable);
        let Wrapped { text: new, inner } =
            wrapped.map_err(|source| Error::Edit { file: file.clone(), source })?;
        let settings = config::settings_of(&new, &file)?;
        Ok(Self { file, old, new, inner, settings })
    }

    /// Brings what a manifest records in line: `found` is what is in force before the change.
    pub(super) fn record(&self, manifest: &mut Manifest, found: &BTreeMap<String, Setting>) {
        let elsewhere = |key: &String| found.get(key).is_none_or(|setting| setting.file != self.file);
        manifest.cargo_config.retain(|key, _| elsewhere(key));
        let settings = self.settings.iter().map(|setting| (setting.key.clone(), setting.value.clone()));
        manifest.cargo_config.extend(settings);
    }

    /// Tells what it costs.
    pub(super) fn tell(&self, root: &Path, guard: Guard, report: &mut Report) {
        let shown = relative(root, &self.file).unwrap_or_else(|| self.file.display().to_string());
        report.step("Guarding", format!("every call of rustc, by `{shown}`"));
        if let Some(inner) = &self.inner {
            report.step("Chaining", format!("`{inner}`, which the guard calls in turn"));
        }
        let message =
            format!("without `{}` on `PATH`, every cargo command fails in this workspace", guard.program);
        let install =
            concat!("everybody who builds it runs `cargo install --locked ", env!("CARGO_PKG_NAME"), "`");
        let editor = "rust-analyzer: set `rust-analyzer.cargo.buildScripts.useRustcWrapper` to `false`, or it puts its own \
                      wrapper in this one's place";
        report.findings.push(
            Finding::new("guard-needed", Weight::Note, message)
                .note(format!(
                    "`RUSTC_WRAPPER` in the environment takes its place; to chain, set `{}`",
                    guard.inner_variable
                ))
                .help(install)
                .help(editor),
        );
    }
}

/// Reads the manifest of a workspace that is behind the gate, with the changes recorded.
pub(super) fn recorded(
    root: &Path,
    guarding: &Guarding,
    found: &BTreeMap<String, Setting>,
) -> Result<(String, Manifest), Error> {
    let file = root.join(manifest::FILE_NAME);
    let old = toml::read(&file)?;
    let mut manifest = observe::read_manifest(root)?;
    let in_force = found.iter().map(|(key, setting)| (key, &setting.value));
    if !manifest.cargo_config.iter().eq(in_force) {
        return Err(Error::Misplaced {
            what: "the cargo configuration is not what the manifest records".to_owned(),
            help: "run `cargo provenance pin` first, which records it after review".to_owned(),
        });
    }
    guarding.record(&mut manifest, found);
    Ok((old, manifest))
}
