//! `suggest`: which reviews are missing, the cheapest first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use provenance_build::{LockedPackage, Manifest, PackageName, Version};

use super::diff::{self, View};
use super::vet::Place;
use super::vetting;
use crate::archive::Archive;
use crate::audit::{Review, Store};
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::entrants;
use crate::collect::gate::Gate;
use crate::collect::records::Contents;
use crate::collect::situation::resolved;
use crate::collect::vet_store::FOLDER;
use crate::model::{Date, Evidence, Surroundings};
use crate::report::failure::{Failure, Kind};
use crate::report::files::{Risk, Shown};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::vet::reviews::{Known, Standing};
use crate::vet::{Dossier, Judgment, Reviews, Way};

/// What a line that runs at build time, or is `unsafe`, costs compared with another: it is read again and again.
const RISKY: usize = 3;

/// How much there is to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Size {
    lines: usize,
    risky: usize,
}

/// A review that would close a gap.
struct Suggested {
    name: PackageName,
    review: Review,
    size: Option<Size>,
}

/// Runs the use case.
///
/// # Errors
///
/// A workspace that cannot be read, reviews that cannot be read, a cargo that fails.
pub fn run(surroundings: &Surroundings, progress: &dyn Progress) -> Result<Report, Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut report = Report::new("suggest");
    let gate = Gate::open(surroundings)?;
    let reviews = match vetting::reviews(&gate.policy, &gate.root, surroundings.clock, &mut report) {
        Evidence::Known(reviews) => reviews,
        Evidence::Absent => {
            let store = Store { folder: FOLDER.into(), ..Store::default() };
            let today = Date::of_seconds(surroundings.clock.0);
            Reviews::new(store, None, BTreeMap::new(), today)
                .map_err(|why| Failure::new(Kind::Undecided, why))?
        }
        Evidence::Unavailable(why) => {
            let help = "correct what it names, then run the command again";
            return Err(Failure::new(Kind::Undecided, why).help(help));
        }
    };
    let lockfile = &gate.seen.observation.lockfile;
    let manifest = &gate.seen.manifest;
    let third_parties = lockfile.packages.iter().filter(|package| !is_own(manifest, package));
    let (mut open, mut elsewhere, mut reviewed, mut not_asked) = (vec![], vec![], 0, 0);
    let demands = match reviews.goes_by_the_tree() {
        true => {
            let cargo = CargoCommand::new(surroundings);
            let workspace = Workspace::load(&cargo, surroundings.manifest_path.as_deref())?;
            vetting::demands(&reviews, lockfile, &workspace.members)
        }
        false => Evidence::Absent,
    };
    if let Some(why) = demands.unavailable() {
        let help = "correct what it names, then run the command again";
        return Err(Failure::new(Kind::Undecided, why).help(help));
    }
    for package in third_parties {
        let demand =
            demands.known().map_or(Evidence::Absent, |demands| Evidence::Known(demands.of(&package.id)));
        let bytes = Known { checksum: package.checksum, tree: None };
        let dossier = Dossier { demand, bytes, ..Dossier::new(&package.id, Way::Locked) };
        match reviews.of(&dossier).standing {
            Standing::Proven(_) => reviewed += 1,
            Standing::NotAsked(_) => not_asked += 1,
            Standing::Open(missing) => match missing.gap {
                Some((version, gap)) if version.git.is_none() => {
                    open.push((package.clone(), gap.reviews(&version, |_| true)));
                }
                _ => elsewhere.push(format!("{}: {}", package.id.short(), missing.why.join("; "))),
            },
        }
    }
    if not_asked > 0 {
        report.not_checked.push(format!("{} of which nothing is required", plural(not_asked, "package")));
    }
    let total = open.len() + elsewhere.len() + reviewed;
    report.step("Looking", format!("for what is not reviewed of {}", plural(total, "package")));
    let packages = open.iter().map(|(package, _)| package.clone()).collect::<Vec<_>>();
    let whole = whole(surroundings, packages, progress)?;
    let mut suggested = vec![];
    for ((package, reviews), whole) in open.iter().zip(whole) {
        let choices = reviews.iter().map(|review| {
            let size = match &review.from {
                None => whole,
                Some(from) => {
                    changed(surroundings, package, from.to_string(), &review.to.to_string(), progress)
                }
            };
            Suggested { name: package.id.name.clone(), review: review.clone(), size }
        });
        suggested.extend(choices.min_by_key(Suggested::cost));
    }
    suggested.sort_by(|a, b| (a.cost(), &a.name, &a.review).cmp(&(b.cost(), &b.name, &b.review)));
    for it in &suggested {
        let _ = writeln!(report.output, "{}", it.line());
    }
    report.not_checked.extend(elsewhere.iter().cloned());
    for (name, value) in [
        ("reviewed", reviewed),
        ("missing", suggested.len()),
        ("elsewhere", elsewhere.len()),
        ("not-asked", not_asked),
    ] {
        report.count(name, value);
    }
    report.conclusion = match (suggested.len(), elsewhere.len()) {
        (0, 0) => format!("{} reviewed for what is required of them", plural(reviewed, "package")),
        (missing, _) => {
            let lines = suggested.iter().filter_map(|it| it.size).map(|size| size.lines).sum();
            let lines: usize = lines;
            format!(
                "{} missing, {} to read; {reviewed} of {total} reviewed",
                plural(missing, "review"),
                plural(lines, "line")
            )
        }
    };
    Ok(report)
}

fn is_own(manifest: &Manifest, package: &LockedPackage) -> bool {
    package.id.source.is_none() && manifest.members.iter().any(|member| member.name == package.id.name)
}

impl Suggested {
    /// What is not known comes last.
    fn cost(&self) -> (bool, usize) {
        let cost = self.size.map(|size| size.lines.saturating_add(size.risky.saturating_mul(RISKY - 1)));
        (cost.is_none(), cost.unwrap_or_default())
    }

    fn line(&self) -> String {
        let Review { from, to } = &self.review;
        let from = from.as_ref().map(|from| format!("{from} ")).unwrap_or_default();
        let size = match self.size {
            None => "its size is not known".to_owned(),
            Some(Size { lines, risky: 0 }) => plural(lines, "line"),
            Some(Size { lines, risky }) => format!("{}, {risky} of them risky", plural(lines, "line")),
        };
        format!("cargo provenance certify {} {from}{to}  # {size}", self.name)
    }
}

fn is_risky(risk: Risk) -> bool {
    matches!(risk, Risk::BuildScript | Risk::ProcMacro | Risk::Unsafe | Risk::Binary)
}

/// How much there is to read in each package; nothing where its archive is not to be had.
fn whole(
    surroundings: &Surroundings,
    packages: Vec<LockedPackage>,
    progress: &dyn Progress,
) -> Result<Vec<Option<Size>>, Failure> {
    let mut place = Place::open(surroundings)?;
    let wanted = (0..packages.len()).collect::<Vec<_>>();
    let sizes = packages.iter().map(|_| OnceLock::new()).collect::<Vec<_>>();
    place.situation.lockfile.packages = packages;
    let keep = |number: usize, contents: Contents<'_>| {
        if let Some(archive) = contents.archive {
            let _ = sizes[number].set(size(archive));
        }
        Judgment::default()
    };
    let _ = entrants::prove(&place.situation, surroundings.network, &wanted, &keep, progress)?;
    Ok(sizes.into_iter().map(OnceLock::into_inner).collect())
}

fn size(archive: &Archive) -> Size {
    let risk = diff::risks(archive.file("Cargo.toml"));
    let mut size = Size::default();
    for file in archive.files() {
        let risk = risk(file.path, file.content);
        let lines = memchr::memchr_iter(b'\n', file.content).count();
        match risk {
            Risk::Generated => {}
            _ => size.lines += lines,
        }
        if is_risky(risk) {
            size.risky += lines;
        }
    }
    size
}

/// How much changed from one version to another.
fn changed(
    surroundings: &Surroundings,
    package: &LockedPackage,
    from: String,
    to: &str,
    progress: &dyn Progress,
) -> Option<Size> {
    let subject = diff::Subject::Published {
        name: package.id.name.clone(),
        from: Version::parse(&from)?,
        to: Some(Version::parse(to)?),
        registry: None,
    };
    let view = View { shown: Shown::Stat, ..View::default() };
    let compared = diff::run(surroundings, &diff::Options { subject, view }, progress).ok()?;
    if compared.outcome != crate::report::Outcome::Fine {
        return None;
    }
    let mut size = Size::default();
    for file in &compared.files.list {
        let lines = file.added + file.removed;
        size.lines += lines;
        if is_risky(file.risk) {
            size.risky += lines;
        }
    }
    Some(size)
}
