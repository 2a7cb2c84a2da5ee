//! What a person is told of what was mended, and of what stays.

use super::super::vetting::Vetting;
use super::attempt::Attempt;
use super::mending::{Left, Mended, Moved, Refused, Why};
use crate::cargo;
use crate::finding::{Finding, Place, Role, Weight};
use crate::report::{Outcome, Report, plural};
use crate::vet::not_judged;
use crate::vet::waiver::{self, Waived, Waiver};

/// Tells what was mended and what stays, and what the command comes to by that.
pub(super) fn tell_mended(
    report: &mut Report,
    mended: &Mended,
    attempt: &Attempt<'_>,
    vetting: &Vetting<'_>,
) {
    let Mended { moved, left, open, looked_at, uncovered } = mended;
    for Moved { from, to, ids } in moved {
        let ids = ids.join(", ");
        report.step(
            "Mending",
            match to {
                Some(to) => format!("{} {} -> v{to}: {ids}", from.name, format_args!("v{}", from.version)),
                None => format!("{}: {ids}; nothing needs it any more", from.short()),
            },
        );
    }
    for left in left {
        report.findings.extend(stays(left, attempt));
        let refused = left.why.refused.iter().flat_map(|refused| refused.findings.iter().cloned());
        for mut finding in refused {
            waiver::tell_ways(std::slice::from_mut(&mut finding), vetting.today(), "");
            finding.weight = Weight::Note;
            report.findings.push(finding);
        }
    }
    report.findings.extend(not_judged(open));
    if !uncovered.is_empty() {
        let packages = plural(uncovered.len(), "package");
        report
            .not_checked
            .push(format!("advisories about {packages} that no database speaks of; `-v` lists them"));
        uncovered.iter().for_each(|package| report.detail("Uncovered", package.clone()));
    }
    let refuses = |left: &&Left| left.ailing.standing.iter().any(|finding| finding.weight != Weight::Note);
    let refusing = left.iter().filter(refuses).count();
    for (name, number) in [
        ("packages", *looked_at),
        ("mended", moved.len()),
        ("left", left.len()),
        ("not-judged", open.len()),
        ("not-covered", uncovered.len()),
    ] {
        report.count(name, number);
    }
    if report.outcome != Outcome::Fine {
        return;
    }
    let judged = plural(*looked_at, "package");
    let stays = |number: usize| format!("{} of {judged} cannot be mended", number);
    let written = std::mem::take(&mut report.conclusion);
    let is_done = if attempt.edit.common().dry_run { "would be mended" } else { "mended" };
    (report.outcome, report.conclusion) = match (moved.len(), refusing, open.len()) {
        (0, 0, 0) if left.is_empty() => (Outcome::Fine, format!("nothing to fix in {judged}")),
        (0, 0, 0) => {
            (Outcome::Fine, format!("nothing that can be mended in {judged}, and exceptions for it"))
        }
        (0, 0, _) => {
            (Outcome::Undecided, format!("{} of {judged} could not be judged", plural(open.len(), "package")))
        }
        (0, number, _) => (Outcome::Refused, format!("to fix: {}; nothing was changed", stays(number))),
        (mended, 0, 0) => (Outcome::Fine, format!("{} {is_done}: {written}", plural(mended, "package"))),
        (mended, 0, _) => {
            let open = format!("{} of {judged} could not be judged", plural(open.len(), "package"));
            (Outcome::Undecided, format!("{} {is_done}, {written}; {open}", plural(mended, "package")))
        }
        (mended, number, _) => (
            Outcome::Refused,
            format!(
                "to call it fixed: {}; {} {is_done}, {written}",
                stays(number),
                plural(mended, "package")
            ),
        ),
    };
}

/// The findings about a package that stays. What people live with is only noted.
fn stays(left: &Left, attempt: &Attempt<'_>) -> Vec<Finding> {
    let Left { ailing, why } = left;
    let waived = ailing.waived.iter().map(|Waived { finding, by }| {
        let how = match by {
            Waiver::Accepted(it) => format!("accepted by {} on {}: {}", it.by, it.on, it.reason),
            Waiver::Baseline => "there at `init`, nobody has looked yet".to_owned(),
            Waiver::Excepted(until, line) => {
                format!("excepted until {until} ({})", attempt.gate.policy.spot(*line))
            }
        };
        Finding { weight: Weight::Note, ..finding.clone() }.note(how)
    });
    let (notes, help) = told(left, attempt);
    let all = ailing.standing.iter().cloned().chain(waived);
    let all = all.map(|mut finding| {
        finding.places.insert(0, place(left, attempt));
        finding.notes.extend(notes.iter().cloned());
        finding.help.extend(help.iter().cloned());
        finding
    });
    let mut all = all.collect::<Vec<_>>();
    if why.is_stuck() {
        let today = crate::model::Date::of_seconds(attempt.surroundings.clock.0);
        waiver::tell_ways(&mut all, today, "cargo provenance pin --recheck ");
    }
    all
}

impl Why {
    /// Whether nobody can do anything but live with it.
    fn is_stuck(&self) -> bool {
        self.refused.is_none() && self.held.is_none() && self.beyond.is_none()
    }
}

/// Why a package stays, and what to do next.
fn told(left: &Left, attempt: &Attempt<'_>) -> (Vec<String>, Vec<String>) {
    let Left { ailing, why } = left;
    let name = &ailing.package.id.name;
    let (mut notes, mut help) = (vec![], vec![]);
    if let Some(Refused { version, findings, .. }) = &why.refused {
        let mut ids = findings.iter().map(|finding| finding.id).collect::<Vec<_>>();
        ids.dedup();
        let ids = ids.join(", ");
        let is_other = |finding: &&Finding| finding.package.as_ref().is_some_and(|id| id.name != *name);
        notes.push(match findings.iter().find(is_other).and_then(|finding| finding.package.as_ref()) {
            Some(other) => format!(
                "`fix` leaves it: {version} mends it and takes `{}`, which does not pass ({ids})",
                other.short()
            ),
            None => format!("`fix` leaves it: {version} mends it and does not pass ({ids})"),
        });
    }
    let members = attempt.asking(name);
    let others = why.holders.iter().map(|id| format!("`{}`", id.short())).collect::<Vec<_>>().join(", ");
    let asking = |version: &provenance_build::Version, help: &mut Vec<String>| {
        let parsed = semver::Version::parse(version.as_str()).ok();
        for (member, asked) in &members {
            if parsed.as_ref().is_some_and(|version| asked.matches(version)) {
                continue;
            }
            help.push(adding(name.as_str(), version.as_str(), member, asked, attempt));
        }
    };
    if let Some(version) = &why.held {
        notes.push(format!("`fix` leaves it: {version} mends it, and what asks for it does not take that"));
        if !others.is_empty() {
            notes.push(format!("held by {others}: no release of that helps"));
        }
        asking(version, &mut help);
    }
    match &why.beyond {
        Some(version) if why.held.is_none() => {
            let incompatible = format!("`fix` leaves it: no compatible release mends it; {version} does");
            notes.push(incompatible);
            if !others.is_empty() {
                notes.push(format!("held by {others}: it takes a release of it that asks for {version}"));
            }
            asking(version, &mut help);
        }
        Some(_) => {}
        None if !why.is_mendable => notes.push("`fix` leaves it: no release mends it".to_owned()),
        None if why.refused.is_none() && why.held.is_none() => {
            notes.push("`fix` leaves it: no release that mends it passes".to_owned());
        }
        None => {}
    }
    (notes, help)
}

/// The command that asks for another version in the manifest of a member.
fn adding(
    name: &str,
    version: &str,
    member: &cargo::Member,
    asked: &semver::VersionReq,
    attempt: &Attempt<'_>,
) -> String {
    let root = &attempt.gate.root;
    let file = member.manifest.strip_prefix(root).unwrap_or(&member.manifest).display();
    let package = match attempt.gate.seen.manifest.members.len() {
        0 | 1 => String::new(),
        _ => format!(" --package {}", member.name),
    };
    format!(
        "`{file}` asks for `{name} = \"{asked}\"`; to ask for \"{version}\", which may need changes of your code: \
         `cargo provenance add {name}@{version}{package}`"
    )
}

fn place(left: &Left, attempt: &Attempt<'_>) -> Place {
    let path = &attempt.gate.seen.lockfile;
    let file = path.strip_prefix(&attempt.gate.root).unwrap_or(path).to_owned();
    let package = &left.ailing.package;
    let excerpt = format!("name = \"{}\"\nversion = \"{}\"", package.id.name, package.id.version);
    Place { file, line: package.line + 1, excerpt, label: "locked here".to_owned(), role: Role::Primary }
}
