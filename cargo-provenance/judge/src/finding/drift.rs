//! Drift as findings that point into the user's own files.

use std::path::Path;

use provenance_build::Drift;

use super::{Finding, Place, Role, Weight};

/// The lines of the user's files that a finding can show.
pub trait Excerpts {
    /// The entry of a package in `Cargo.lock` that begins at `line`.
    fn locked(&self, line: u32, label: String, role: Role) -> Place;
    /// The entry of a package in `Provenance.lock` that begins at `line`.
    fn pinned(&self, line: u32, label: String, role: Role) -> Place;
    /// A line of another file.
    fn other(&self, file: &Path, line: u32, label: String, role: Role) -> Option<Place>;
}

/// Makes a finding of one disagreement.
pub fn of(drift: &Drift, excerpts: &dyn Excerpts) -> Finding {
    let mut finding = Finding::new(drift.code(), Weight::Denial, drift.to_string());
    finding.package = drift.package().cloned();
    match drift {
        Drift::Unpinned { lock_line, .. } => {
            finding = finding.at(excerpts.locked(
                *lock_line,
                "locked here, pinned nowhere".to_owned(),
                Role::Primary,
            ));
        }
        Drift::Checksum { pinned, locked, lock_line, pin_line, .. } => {
            let found = excerpts.locked(*lock_line, format!("locked to {}", locked.short()), Role::Primary);
            let pin = excerpts.pinned(*pin_line, format!("pinned to {}", pinned.short()), Role::Context);
            finding = finding.at(found).at(pin);
        }
        Drift::Tree { pinned, pin_line, .. } => {
            let pin = excerpts.pinned(*pin_line, format!("pinned to {}", pinned.short()), Role::Primary);
            finding = finding.at(pin);
        }
        Drift::Archive { pinned, pin_line, .. } => {
            let pin = excerpts.pinned(*pin_line, format!("pinned to {}", pinned.short()), Role::Primary);
            finding = finding.at(pin);
        }
        Drift::Setting { found, .. } => {
            let label = "in force here".to_owned();
            finding.places.extend(excerpts.other(&found.file, found.line, label, Role::Primary));
        }
        Drift::Unused { pin_line, .. } if *pin_line > 0 => {
            finding = finding.at(excerpts.pinned(*pin_line, "pinned here".to_owned(), Role::Primary));
        }
        _ => {}
    }
    finding.notes.extend(drift.details());
    finding.help(drift.help())
}
