//! Whether a manifest is an older one that somebody put back: it was signed once, and its signature holds for ever.

use provenance_build::manifest;

use crate::collect::gate::Gate;
use crate::finding::{Finding, Weight};
use crate::git::Revision;
use crate::report::Report;
use crate::report::failure::{Failure, Kind};

/// Whether the manifest is an older version in the history of `name` than the one there, and says so.
pub(super) fn is_older(gate: &Gate, name: &str, report: &mut Report) -> Result<bool, Failure> {
    let revision = Revision::find(&gate.root, name)?;
    if !revision.is_behind_head()? {
        return Err(Failure::new(Kind::Usage, format!("`{name}` is not an ancestor of what is checked out"))
            .help("name a commit that the history of `HEAD` holds"));
    }
    let file = manifest::FILE_NAME;
    let Some(there) = revision.file(file)? else {
        return Err(Failure::new(Kind::Usage, format!("`{file}` is not part of `{name}`"))
            .help("name a commit that has a manifest"));
    };
    let bytes = gate.seen.text.as_bytes();
    if there == bytes || !revision.held(file, bytes)? {
        return Ok(false);
    }
    let message = format!("the manifest is older than that of `{name}`");
    let finding = Finding::new("manifest-older", Weight::Denial, message);
    let note = "these very bytes stand in the history before that commit".to_owned();
    report
        .findings
        .push(finding.note(note).help("restore the newer one: `git log -- Provenance.lock` shows them"));
    Ok(true)
}
