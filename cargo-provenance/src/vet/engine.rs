//! Runs the checks over a dossier and gives what they saw the level that the policy sets.

use provenance_build::PackageId;

use super::check::{Check, Needs, Observation};
use super::checks::CHECKS;
use super::dossier::{Dossier, Way};
use super::release;
use crate::advisory::{self, Database, Hits};
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Evidence};
use crate::policy::{Firmness, Level, Policy};
use crate::report::plural;

/// The id of a finding about evidence that is missing.
pub const NOT_JUDGED: &str = "not-judged";

/// What a package is judged against.
#[derive(Clone)]
pub struct Ground<'a> {
    /// What the team trusts.
    pub policy: &'a Policy,
    /// The advisory databases. `Absent` where the policy wants none.
    pub databases: Evidence<&'a [Database]>,
    /// The index URL of a registry's name in the cargo configuration inside the repository. What a machine's own
    /// configuration calls a registry decides nothing.
    pub index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The time of the run.
    pub now: Clock,
    /// The check set that judged the package last, if it is pinned: what is newer only notes.
    pub judged_by: Option<u32>,
}

/// What was said of a package.
#[derive(Clone, Debug, Default)]
pub struct Judgment {
    /// The findings, in the order of the checks.
    pub findings: Vec<Finding>,
    /// What could not be looked up, although the answer depends on it.
    pub open: Vec<Open>,
}

/// Something that the answer depends on and that could not be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The package.
    pub id: PackageId,
    /// Why: a lowercase fragment that stands after `could not be judged:`.
    pub why: String,
    /// What was not judged.
    pub checks: Vec<&'static str>,
    /// What to do next.
    pub help: String,
}

impl Judgment {
    /// Whether the package may enter as it stands.
    pub fn admits(&self) -> bool {
        self.open.is_empty() && !self.refuses()
    }

    /// Whether something that is known speaks against it.
    pub fn refuses(&self) -> bool {
        self.findings.iter().any(|finding| finding.weight != Weight::Note)
    }

    /// Adds what else was said of the same package.
    pub fn extend(&mut self, more: Self) {
        self.findings.extend(more.findings);
        for open in more.open {
            let same = |it: &&mut Open| (&it.id, &it.why, &it.help) == (&open.id, &open.why, &open.help);
            match self.open.iter_mut().find(same) {
                Some(known) => known.checks.extend(open.checks),
                None => self.open.push(open),
            }
        }
    }
}

/// Findings about what could not be looked up: one for all packages that lack the same thing.
pub fn not_judged(open: &[Open]) -> Vec<Finding> {
    let mut reasons: Vec<(&Open, Vec<&PackageId>)> = vec![];
    for one in open {
        let same =
            |other: &Open| (&other.why, &other.checks, &other.help) == (&one.why, &one.checks, &one.help);
        match reasons.iter_mut().find(|(first, _)| same(first)) {
            Some((_, ids)) => ids.push(&one.id),
            None => reasons.push((one, vec![&one.id])),
        }
    }
    let finding = |(open, ids): (&Open, Vec<&PackageId>)| {
        let who = match ids[..] {
            [only] => format!("`{}`", only.short()),
            _ => plural(ids.len(), "package"),
        };
        let message = format!("{who} could not be judged: {}", open.why);
        let mut finding = Finding::new(NOT_JUDGED, Weight::Denial, message);
        match ids[..] {
            [only] => finding.package = Some(only.clone()),
            _ => {
                let some = ids.iter().take(5).map(|id| id.short()).collect::<Vec<_>>().join(", ");
                let more = if ids.len() > 5 { ", …" } else { "" };
                finding.notes.push(format!("{some}{more}"));
            }
        }
        finding.note(format!("not judged: {}", open.checks.join(", "))).help(open.help.clone())
    };
    reasons.into_iter().map(finding).collect()
}

/// Judges a package by the checks that need one of `needs`. Where its history refuses it, the findings say which release
/// would pass.
pub fn judge(dossier: &Dossier<'_>, ground: &Ground<'_>, needs: &[Needs]) -> Judgment {
    let mut judgment = judge_alone(dossier, ground, needs);
    if needs.contains(&Needs::History) && dossier.way != Way::Kept && judgment.refuses() {
        let way_out = way_out(dossier, ground);
        for finding in &mut judgment.findings {
            let of_history = CHECKS.iter().any(|check| check.id == finding.id && check.points_to_others());
            if of_history && finding.weight != Weight::Note {
                match &way_out {
                    Ok(help) => finding.help.push(help.clone()),
                    Err(note) => finding.notes.push(note.clone()),
                }
            }
        }
    }
    judgment
}

/// How to get the newest release that would pass, or that there is none.
fn way_out(dossier: &Dossier<'_>, ground: &Ground<'_>) -> Result<String, String> {
    let (name, version) = (&dossier.id.name, &dossier.id.version);
    let Some(passing) = release::passing(dossier, ground).next().map(|release| &release.version) else {
        return Err("no other release of it would pass".to_owned());
    };
    match dossier.way {
        Way::Named => Ok(format!("`{passing}` would pass: run `cargo provenance add {name}@{passing}`")),
        Way::Kept | Way::Locked => Ok(format!(
            "`{passing}` would pass: run `cargo provenance update {name}@{version} --precise {passing}`"
        )),
        // It is locked nowhere yet, and whoever judges it has tried that one.
        Way::Pulled => Err(format!("`{passing}` would pass, where nothing asks for a newer one")),
    }
}

/// Judges a package without a look at its other releases.
pub(super) fn judge_alone(dossier: &Dossier<'_>, ground: &Ground<'_>, needs: &[Needs]) -> Judgment {
    let mut judgment = Judgment::default();
    let dossier = &Dossier { hits: look_into(&ground.databases, dossier), ..dossier.clone() };
    let mut missing: Vec<(&str, Vec<&'static str>)> = vec![];
    let missing_evidence = dossier.missing();
    for check in CHECKS.iter().filter(|check| needs.contains(&check.needs)) {
        match missing_evidence.iter().find(|(need, _)| *need == check.needs) {
            None if dossier.applies(check.needs) => {
                let observations = (check.judge)(dossier, ground);
                judgment
                    .findings
                    .extend(observations.into_iter().filter_map(|it| rule(check, it, dossier, ground)));
            }
            None => {}
            Some(_) if ground.policy.level(check.id).is_some_and(|at| at.value == Level::Allow) => {}
            Some((_, why)) => match missing.iter_mut().find(|(known, _)| known == why) {
                Some((_, checks)) => checks.push(check.id),
                None => missing.push((why, vec![check.id])),
            },
        }
    }
    if needs.contains(&Needs::Advisories) {
        for odd in dossier.hits.known().into_iter().flat_map(|hits| &hits.unreadable) {
            let why = format!("advisory `{}` may be about it and cannot be read: {}", odd.path, odd.why);
            judgment.open.push(open(dossier, &why, vec!["advisories"]));
        }
    }
    for (why, checks) in missing {
        judgment.open.push(open(dossier, why, checks));
    }
    judgment
}

/// What the databases say of a package. A file that may be about it and cannot be read leaves that open.
fn look_into(databases: &Evidence<&[Database]>, dossier: &Dossier<'_>) -> Evidence<Hits> {
    databases.clone().map(|databases| advisory::hits(databases, dossier.id))
}

/// Gives an observation its level; `None` where the policy wants silence.
fn rule(check: &Check, seen: Observation, dossier: &Dossier<'_>, ground: &Ground<'_>) -> Option<Finding> {
    let Ground { policy, judged_by, .. } = ground;
    let set = match check.firmness {
        Firmness::Firm => None,
        _ => seen.ruled.or(policy.level(check.id)),
    };
    let mut level = set.map_or(seen.level.unwrap_or(check.level), |at| at.value);
    let mut notes = seen.notes;
    if judged_by.is_some_and(|set| set < check.since)
        && check.firmness != Firmness::Firm
        && level > Level::Note
    {
        level = Level::Note;
        notes.push(
            "this check is newer than the pin; `cargo provenance pin --recheck` judges by it".to_owned(),
        );
    }
    if let Some(most) = seen.at_most {
        level = level.min(most);
    }
    let mut finding = Finding::new(check.id, level.weight()?, seen.message).about(dossier.id.clone());
    finding.subject = seen.subject;
    for (line, label) in &seen.lines {
        if set.is_none_or(|at| at.line != *line) {
            finding.places.push(policy.place(*line, *label));
        }
    }
    match set {
        Some(at) => finding.places.insert(0, policy.place(at.line, "level set here")),
        None if level == Level::Note => {}
        None => notes.push(format!("`{}` is `{}` by default", check.id, level.as_str())),
    }
    finding.notes = notes;
    finding.help = seen.help;
    Some(finding)
}

fn open(dossier: &Dossier<'_>, why: &str, checks: Vec<&'static str>) -> Open {
    let help = "run the command again with the network at hand".to_owned();
    Open { id: dossier.id.clone(), why: why.to_owned(), checks, help }
}

impl Dossier<'_> {
    /// What could not be looked up, and why.
    fn missing(&self) -> Vec<(Needs, &str)> {
        let mut missing = vec![];
        let history = self.history.unavailable().or_else(|| self.release.unavailable());
        let both = self.archive.unavailable().or(history);
        for (need, why) in [
            (Needs::Advisories, self.hits.unavailable()),
            (Needs::History, history),
            (Needs::Archive, self.archive.unavailable()),
            (Needs::ArchiveAndIndex, both),
            (Needs::License, self.license.unavailable()),
        ] {
            missing.extend(why.map(|why| (need, why)));
        }
        missing
    }

    /// Whether there is such a thing for this package at all.
    fn applies(&self, need: Needs) -> bool {
        match need {
            Needs::Archive => !matches!(self.archive, Evidence::Absent),
            Needs::ArchiveAndIndex => self.applies(Needs::Archive) && self.applies(Needs::History),
            Needs::History => !matches!(self.history, Evidence::Absent),
            Needs::License => !matches!(self.license, Evidence::Absent),
            Needs::Advisories => !matches!(self.hits, Evidence::Absent),
            Needs::Faults | Needs::Identity => true,
        }
    }
}
