//! `yank-storm`: a young version whose predecessors were all withdrawn.

use crate::model::Release;
use crate::policy::{Firmness, Level};
use crate::vet::check::{Check, Group, Needs, Observation};
use crate::vet::dossier::{Dossier, Way};
use crate::vet::engine::Ground;
use crate::vet::release::{self, DAY, ago};

/// So many predecessors in a row: 2 of 994 crates have their three latest ones yanked.
const IN_A_ROW: usize = 3;

/// How young the version is for it to be a storm, in days.
const DAYS: u64 = 30;

/// The check.
pub(super) const CHECK: Check = Check {
    id: "yank-storm",
    group: Group::History,
    needs: Needs::History,
    level: Level::Deny,
    firmness: Firmness::Free,
    parameters: &[],
    since: 2,
    docs: "\
A version younger than 30 days whose three predecessors, or all of its semver line, were yanked.

It is how the attack of 2026-08-20 drove people onto arrayref 0.3.10: the good versions were yanked, every tool that denies
yanked versions turned red, and the obvious command installed the payload. The advice is to stay on what is pinned, and to
find out from the project itself what happened.",
    judge,
};

fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Vec<Observation> {
    let Some(release) = dossier.listed().filter(|release| !release.yanked) else { return vec![] };
    let Some(published) = release.published.filter(|at| ground.now.0 < at.saturating_add(DAYS * DAY)) else {
        return vec![];
    };
    let Some(version) = release::parsed(release) else { return vec![] };
    let mut older: Vec<(semver::Version, &Release)> = dossier
        .releases()
        .iter()
        .filter_map(|release| Some((release::parsed(release)?, release)))
        .filter(|(other, _)| *other < version)
        .collect();
    older.sort_by(|(a, _), (b, _)| b.cmp(a));
    let row = older.iter().take_while(|(_, release)| release.yanked).count();
    let mut line =
        older.iter().filter(|(other, _)| release::line(other) == release::line(&version)).peekable();
    let whole_line =
        line.peek().is_some() && line.clone().count() > 1 && line.all(|(_, release)| release.yanked);
    if row < IN_A_ROW && !whole_line {
        return vec![];
    }
    let what = format!(
        "{} before `{}`, which was published {}, were yanked",
        match row {
            0 | 1 => "all versions".to_owned(),
            row => format!("the {row} versions"),
        },
        dossier.id.short(),
        ago(published, ground.now)
    );
    let seen =
        Observation::new(what).note("this is how a stolen account drives people onto a malicious version");
    vec![match (dossier.way, dossier.replaces) {
        (Way::Kept, _) => seen.help("find out from the project itself what happened before you build again"),
        (_, Some(version)) => {
            seen.help(format!("stay on {version}, and find out from the project itself what happened"))
        }
        (_, None) => seen.help("wait, and find out from the project itself what happened"),
    }]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Case, release};

    fn storm(versions: &[(&str, u64, bool)]) -> bool {
        let releases = versions.iter().map(|(version, days, yanked)| {
            let mut release = release(version, *days);
            release.yanked = *yanked;
            release
        });
        let newest = versions.last().expect("one").0;
        let case = Case::new("", newest, releases.collect());
        case.judged().findings.iter().any(|finding| finding.id == "yank-storm")
    }

    #[test]
    fn yanked_predecessors_of_a_young_version_are_a_storm() {
        let lure = [
            ("0.3.4", 2000, false),
            ("0.3.5", 1500, true),
            ("0.3.6", 1400, true),
            ("0.3.9", 300, true),
            ("0.3.10", 0, false),
        ];
        assert!(storm(&lure));
        assert!(storm(&[("1.0.0", 900, true), ("1.0.1", 800, true), ("1.0.2", 20, false)]));
        // A mistake that was withdrawn, an old version, predecessors of another line.
        assert!(!storm(&[("1.0.0", 900, false), ("1.0.1", 21, true), ("1.0.2", 20, false)]));
        assert!(!storm(&[("1.0.0", 900, true), ("1.0.1", 800, true), ("1.0.2", 31, false)]));
        assert!(!storm(&[("0.9.0", 900, false), ("1.0.0", 25, true), ("1.0.1", 20, false)]));
    }
}
