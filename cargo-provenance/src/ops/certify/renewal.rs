//! Lets wildcard entries end a year from now, as `cargo vet renew` does.

use provenance_build::PackageName;

use super::entry::usage;
use super::recording::Edit;
use super::{Ground, record, store};
use crate::audit::furthest_end;
use crate::model::Date;
use crate::ops::interruption::settled;
use crate::report::Report;
use crate::report::failure::Failure;

/// Renews the entries for a crate; for all crates, those that are not said to end.
pub(super) fn run(ground: Ground<'_>, name: Option<&PackageName>) -> Result<Report, Failure> {
    let Ground { surroundings, root, .. } = ground;
    settled(Report::new("certify"), root, surroundings, |report, _| {
        let store = store(root)?;
        let end = furthest_end(Date::of_seconds(surroundings.clock.0));
        let is_meant = |krate: &str| name.is_none_or(|name| name.as_str() == krate);
        let entries = store.audits.wildcards.iter().filter(|(krate, _)| is_meant(krate));
        let entries = entries.flat_map(|(krate, list)| list.iter().map(move |entry| (krate, entry)));
        let meant = entries.filter(|(_, entry)| name.is_some() || entry.renew != Some(false));
        let meant = meant.collect::<Vec<_>>();
        if let (Some(name), true) = (name, meant.is_empty()) {
            let what = format!("no wildcard entry is for `{name}`");
            return Err(usage(what, "see `[[wildcard-audits]]` in the `audits.toml` of the store"));
        }
        let later = meant.iter().filter(|(_, entry)| entry.end < end);
        let edits = later.map(|(krate, entry)| Edit::Renew((*krate).clone(), (*entry).clone(), end));
        let edits = edits.collect::<Vec<_>>();
        if edits.is_empty() {
            report.conclusion = "no wildcard entry ends earlier than it may; nothing was changed".to_owned();
            return Ok(());
        }
        record(report, ground, edits, &[]).map(|_| ())
    })
}
