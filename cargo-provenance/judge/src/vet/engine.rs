//! Runs the checks over a dossier and gives what they saw the level that the policy sets.

use provenance_build::{PackageId, Version};

use super::check::{Check, Needs, Observation};
use super::checks::CHECKS;
use super::cooldown::Cooldown;
use super::dossier::{Asked, Dossier, Way};
use super::names::Names;
use super::release;
use super::reviews::{Look, Proof, Reviews, Standing};
use crate::advisory::{self, Database, Hits};
use crate::finding::{Finding, Weight};
use crate::model::{Clock, Evidence};
use crate::policy::{self, At, Firmness, Level, Origin, Policy};
use crate::report::plural;

/// What to do where something could not be looked up.
pub const AGAIN: &str = "run the command again with the network at hand";

/// The id of a finding about evidence that is missing.
pub const NOT_JUDGED: &str = "not-judged";

/// What a package is judged against.
#[derive(Clone)]
pub struct Ground<'a> {
    /// What the team trusts.
    pub policy: &'a Policy,
    /// The advisory databases. `Absent` where the policy wants none.
    pub databases: Evidence<&'a [Database]>,
    /// What was reviewed. `Absent` where neither the policy nor `supply-chain/` speaks of reviews.
    pub audits: Evidence<&'a Reviews>,
    /// The index URL of a registry's name in the cargo configuration inside the repository. What a machine's own
    /// configuration calls a registry decides nothing.
    pub index_of: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// The names that people mean.
    pub names: &'a Names,
    /// How old a version must be by cargo's configuration.
    pub cooldown: &'a Cooldown,
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
    /// Who vouches for the package, where somebody does.
    pub proof: Option<Proof>,
    /// Who says that nobody has to, a line each, where nothing is required of it.
    pub not_asked: Vec<String>,
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
        self.proof = self.proof.take().or(more.proof);
        self.not_asked.extend(more.not_asked);
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
                finding.notes.extend(way_out.notes.iter().cloned());
                finding.help.extend(way_out.help.iter().cloned());
            }
        }
    }
    judgment
}

/// What to say of the other releases of a package: notes, and what to do next.
#[derive(Default)]
struct WayOut {
    notes: Vec<String>,
    help: Vec<String>,
}

/// How to get the newest release that would pass, or that there is none, as far as that is known.
fn way_out(dossier: &Dossier<'_>, ground: &Ground<'_>) -> WayOut {
    if dossier.history.known().is_none() {
        return WayOut::default();
    }
    // Only what the locked version fulfils is asked of it: another version of the same package may be there for another reason.
    let own = semver::Version::parse(dossier.id.version.as_str()).ok();
    let asked =
        dossier.asked.iter().filter(|asked| own.as_ref().is_some_and(|own| asked.versions.matches(own)));
    let asked = asked.collect::<Vec<_>>();
    let (mut passing, mut beyond, mut doubt) = (None, None, false);
    for other in release::others(dossier) {
        if !other.same_line && dossier.way != Way::Named && Some(&other.version) < own.as_ref() {
            continue;
        }
        let judgment = other.judgment(dossier, ground);
        if !judgment.admits() {
            doubt |= !judgment.refuses();
            continue;
        }
        let unfit = asked.iter().find(|asked| !asked.versions.matches(&other.version));
        if dossier.way == Way::Named || (other.same_line && unfit.is_none()) {
            passing = Some(other.release);
            break;
        }
        beyond = beyond.or(Some((other, unfit)));
    }
    let (name, version) = (&dossier.id.name, &dossier.id.version);
    let mut out = WayOut::default();
    let update = |to: &Version| {
        format!("run `cargo update {name}@{version} --precise {to}`, then `cargo provenance pin`")
    };
    match (passing.map(|release| &release.version), beyond, dossier.way, dossier.replaces) {
        (Some(to), _, Way::Named, _) => {
            out.help.push(format!("`{to}` would pass: run `cargo provenance add {name}@{to}`"));
        }
        // Cargo's own command: until what is locked is pinned, no command behind the gate starts.
        (Some(to), _, Way::Kept | Way::Locked, _) => {
            out.help.push(format!("`{to}` would pass: {}", update(to)));
            if !dossier.direct {
                // What other packages ask for is not known here.
                out.notes.push("where cargo refuses that, move what pulls it in first".to_owned());
            }
        }
        (Some(to), _, Way::Pulled, Some(before)) if to == before => {
            out.notes.push(format!("`{to}`, which is locked, would pass"));
        }
        (Some(to), _, Way::Pulled, Some(before)) => {
            let command = format!("cargo provenance update {name}@{before} --precise {to}");
            out.help.push(format!("`{to}` would pass: run `{command}`"));
        }
        (Some(to), _, Way::Pulled, None) => {
            out.notes.push(format!("`{to}` would pass, where what pulls it in takes it"))
        }
        (None, Some((other, unfit)), way, _) => {
            let to = &other.release.version;
            if !other.same_line {
                out.notes.push(format!("no compatible release would pass; `{to}` would"));
            }
            if let (Some(Asked { by, versions }), Way::Kept | Way::Locked) = (unfit, way) {
                let ask = format!("ask for `{to}` in its `Cargo.toml`, {}", update(to));
                out.help.push(format!("`{to}` would pass, and `{by}` asks for `{versions}`: {ask}"));
            }
        }
        (None, None, ..) if doubt => {}
        (None, None, ..) => out.notes.push("no other release of it would pass".to_owned()),
    }
    if dossier.way == Way::Locked {
        out.help.push("to undo the change: `git checkout Cargo.toml Cargo.lock`".to_owned());
    }
    out
}

/// Judges a package without a look at its other releases.
pub(super) fn judge_alone(dossier: &Dossier<'_>, ground: &Ground<'_>, needs: &[Needs]) -> Judgment {
    let mut judgment = Judgment::default();
    let dossier = &Dossier { hits: look_into(&ground.databases, dossier), ..dossier.clone() };
    let mut missing: Vec<(&str, Vec<&'static str>)> = vec![];
    let mut missing_evidence = dossier.missing();
    let undemanded = ground.audits.known().and_then(|_| dossier.demand.unavailable());
    let unreviewed = ground.audits.unavailable().or(undemanded);
    missing_evidence.extend(unreviewed.map(|why| (Needs::Audits, why)));
    for check in CHECKS.iter().filter(|check| needs.contains(&check.needs)) {
        match missing_evidence.iter().find(|(need, _)| *need == check.needs) {
            None if dossier.applies(check.needs) => {
                let observations = (check.judge)(dossier, ground);
                if ground.policy.level(check.id).is_none() {
                    let mut undecided = observations.iter().filter_map(|seen| seen.undecided.as_deref());
                    let why = undecided.next().map(|why| open(dossier, why, vec![check.id]));
                    judgment.extend(Judgment { open: why.into_iter().collect(), ..Judgment::default() });
                }
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
    if unreviewed.is_none() {
        (judgment.proof, judgment.not_asked) = proof(dossier, ground, needs);
    }
    if needs.contains(&Needs::Advisories) {
        for odd in dossier.hits.known().into_iter().flat_map(|hits| &hits.unreadable) {
            let why = format!("advisory `{}` may be about it and cannot be read: {}", odd.path, odd.why);
            judgment.open.push(open(dossier, &why, vec!["advisories"]));
        }
    }
    for (why, checks) in missing {
        let mut open = open(dossier, why, checks);
        if dossier.hits.unavailable() == Some(why) {
            open.help = remedy(ground.policy, why).unwrap_or(open.help);
        }
        if unreviewed == Some(why) {
            open.help = "correct what it names, then run the command again".to_owned();
        }
        judgment.open.push(open);
    }
    judgment
}

/// Who vouches for a package. A publisher's name does so only once the contents are judged.
fn proof(dossier: &Dossier<'_>, ground: &Ground<'_>, needs: &[Needs]) -> (Option<Proof>, Vec<String>) {
    let Some(reviews) = ground.audits.known() else { return (None, vec![]) };
    let mut not_asked = vec![];
    let mut proven = |look, on_publisher| match reviews.given(dossier, look).standing {
        Standing::Proven(proof) => Some(proof).filter(|proof| proof.on_publisher == on_publisher),
        Standing::NotAsked(why) => {
            not_asked = why;
            None
        }
        Standing::Open(_) => None,
    };
    let is_trusted = || reviews.trusts_for(dossier.id.name.as_str());
    let of_reviews = if needs.contains(&Needs::Audits) { proven(Look::Beforehand, false) } else { None };
    let looks = || needs.contains(&Needs::Survey) && is_trusted();
    let of_publisher = || if looks() { proven(Look::Contents, true) } else { None };
    let proof = of_reviews.or_else(of_publisher);
    (proof, not_asked)
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
    // A line in a pin, which anybody can write, never outweighs what the team asked for or what must end.
    if judged_by.is_some_and(|set| set < check.since)
        && set.is_none()
        && !check.is_lasting()
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

/// What to do about an advisory database that is a directory, where that is what `why` names. Others are fetched anew.
fn remedy(policy: &Policy, why: &str) -> Option<String> {
    let named = |at: &At<policy::Database>| match &at.value.origin {
        Origin::Path(path) => why.contains(&format!("`{path}`")).then(|| (path.clone(), at.line)),
        Origin::Url(_) => None,
    };
    let (path, line) = policy.databases().iter().find_map(named)?;
    Some(format!(
        "bring the database in `{path}` up to date, or change `[advisories] databases` ({})",
        policy.spot(line)
    ))
}

fn open(dossier: &Dossier<'_>, why: &str, checks: Vec<&'static str>) -> Open {
    let help = AGAIN.to_owned();
    Open { id: dossier.id.clone(), why: why.to_owned(), checks, help }
}

impl Dossier<'_> {
    /// What could not be looked up, and why.
    fn missing(&self) -> Vec<(Needs, &str)> {
        let mut missing = vec![];
        let history = self.history.unavailable().or_else(|| self.release.unavailable());
        let both = self.archive.unavailable().or(history);
        let births = self.births.unwrap_or_default().iter().find_map(|birth| birth.at.unavailable());
        for (need, why) in [
            (Needs::Advisories, self.hits.unavailable()),
            (Needs::History, history),
            (Needs::Archive, self.archive.unavailable()),
            (Needs::ArchiveAndIndex, both),
            (Needs::Survey, self.survey.unavailable()),
            (Needs::Dependencies, history.or(births)),
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
            Needs::History | Needs::Dependencies => !matches!(self.history, Evidence::Absent),
            Needs::License => !matches!(self.license, Evidence::Absent),
            Needs::Survey => !matches!(self.survey, Evidence::Absent),
            Needs::Advisories => !matches!(self.hits, Evidence::Absent),
            Needs::Audits | Needs::Faults | Needs::Identity => true,
        }
    }
}
