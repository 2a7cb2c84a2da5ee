//! `audit-violation`: a version that an auditor warns of.

use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::Dossier;
use crate::vet::engine::Ground;
use crate::vet::reviews::OWN;

/// Lines of an author's notes, and characters of each: whoever wants to read on finds the place.
const NOTES: usize = 5;
const NOTE_CHARS: usize = 300;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "audit-violation",
    group: Group::Audits,
    needs: Needs::Audits,
    level: Level::Deny,
    firmness: Firmness::Firm,
    parameters: &[],
    since: 3,
    docs: "\
A version that an auditor warns of.

A `violation` in `supply-chain/` or in an imported set covers it: somebody looked, and found that it does not meet the criteria. No exemption, no
trust in a publisher and no other review outweighs that, and a warning that cannot be read counts for every version that it may be about.
Take another version. Where the warning is wrong, ask its author to take it back; until then `exclude` in `[audits.import.NAME]` says that the
set does not count for this crate, violations included.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let id = dossier.id;
    let Some(reviews) = ground.audits.known() else { return vec![] };
    let warnings = reviews.of(dossier).violations.into_iter().map(|it| {
        let what = match it.criteria[..] {
            [] => format!("`{}` may be what a violation is about that cannot be read", id.short()),
            _ => format!("`{}` does not meet `{}`", id.short(), it.criteria.join("`, `")),
        };
        let who = if it.from == OWN { "the team itself".to_owned() } else { format!("`{}`", it.from) };
        let seen = Observation::new(what).note(format!("{who} says so ({})", it.place));
        let lines = it.notes.iter().flat_map(|notes| notes.lines()).take(NOTES);
        let lines = lines.map(|line| line.chars().take(NOTE_CHARS).collect::<String>());
        let seen = lines.fold(seen, Observation::note);
        match it.from == OWN {
            true => seen.help("take another version, or correct the violation where it is wrong"),
            false => seen.help(format!(
                "take another version, or exclude `{}` from what is imported of `{}` where the violation is wrong",
                id.name, it.from
            )),
        }
    });
    warnings.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, ids, release};
    use crate::finding::Weight;

    #[test]
    fn a_violation_is_refused_whatever_else_vouches_for_the_version() {
        let violation =
            "[[audits.dep]]\ncriteria = 'safe-to-run'\nviolation = '<1.1'\nnotes = 'steals keys'\n";
        let full = "[[audits.dep]]\ncriteria = 'safe-to-deploy'\nversion = '1.0.0'\n";
        let exemption = "[[exemptions.dep]]\nversion = '1.0.0'\ncriteria = 'safe-to-deploy'\n";
        for (audits, config, version, found) in [
            (violation, "", "1.0.0", true),
            (violation, "", "1.0.0-rc.1", true),
            (violation, "", "1.1.0", false),
            (&*format!("{violation}{full}"), "", "1.0.0", true),
            (violation, exemption, "1.0.0", true),
            (full, "", "1.0.0", false),
        ] {
            let mut case = Case::new("", version, vec![release(version, 900)]);
            case.reviewed(audits, config);
            let judgment = case.judged();
            assert_eq!(ids(&judgment).contains(&"audit-violation"), found, "{audits} {config} {version}");
            let finding = judgment.findings.iter().find(|finding| finding.id == "audit-violation");
            if let Some(finding) = finding {
                assert_eq!(finding.weight, Weight::Denial);
                assert!(finding.notes.iter().any(|note| note == "steals keys"), "{finding:#?}");
                assert!(!crate::vet::waiver::may_be_waived(finding));
            }
        }
    }
}
