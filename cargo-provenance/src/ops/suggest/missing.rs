//! What is not reviewed, and which review of it takes least.

use std::collections::{BTreeMap, BTreeSet};

use provenance_build::{LockedPackage, Manifest, PackageId, PackageName, Version};

use super::hints::Hints;
use super::size::{self, Reading};
use crate::audit::{Review, Store, VetVersion};
use crate::cargo::{CargoCommand, Workspace};
use crate::collect::audits;
use crate::collect::gate::Gate;
use crate::collect::indices::{self, When};
use crate::collect::publishers::Publishers;
use crate::collect::situation::resolved;
use crate::collect::vet_store::{self, FOLDER};
use crate::model::{Date, Evidence, Surroundings};
use crate::ops::vet::Place;
use crate::ops::vetting;
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::reviews::{MissingReview, ReviewSize};
use crate::report::{Report, plural};
use crate::vet::reviews::{Known, Standing};
use crate::vet::{Dossier, Reviews, Way};

/// What a line that runs at build time, or is `unsafe`, costs compared with another: it is read again and again.
const RISKY: usize = 3;

/// What was found.
pub(super) struct Found {
    /// The reviews, the cheapest first.
    pub(super) list: Vec<MissingReview>,
    /// Packages that no review would settle, and why, a line each.
    pub(super) elsewhere: Vec<String>,
    /// How many packages are reviewed.
    pub(super) reviewed: usize,
    /// How many packages there are.
    pub(super) total: usize,
    /// Of how many packages nothing is required.
    pub(super) not_asked: usize,
}

/// A package that nobody vouches for, and the reviews of which one is enough. The last one may need the package of that number
/// to be reviewed first.
struct Open {
    package: LockedPackage,
    /// What is required of it.
    criteria: Vec<String>,
    /// What to tell `certify` because of that.
    flags: String,
    reviews: Vec<(Review, Option<usize>)>,
}

/// Looks for what is not reviewed of the workspace, or of one crate.
pub(super) fn find(
    surroundings: &Surroundings,
    only: Option<&PackageName>,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Found, Failure> {
    let surroundings = &resolved(surroundings)?;
    let gate = Gate::open(surroundings)?;
    let reviews = reviews(&gate, surroundings, report)?;
    let manifest = &gate.seen.manifest;
    let is_meant = |package: &&LockedPackage| {
        !is_own(manifest, package) && only.is_none_or(|name| package.id.name == *name)
    };
    let lockfile = &gate.seen.observation.lockfile;
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
    let (mut open, mut elsewhere, mut reviewed, mut not_asked) = (vec![], vec![], 0, 0);
    for package in lockfile.packages.iter().filter(is_meant) {
        let demand = demands.known().map(|demands| demands.of(&package.id));
        let required = demand.map_or_else(|| reviews.strictest(), Clone::clone);
        let demand = demand.map_or(Evidence::Absent, Evidence::Known);
        let bytes = Known { checksum: package.checksum, tree: None };
        let dossier = Dossier { demand, bytes, ..Dossier::new(&package.id, Way::Locked) };
        match reviews.of(&dossier).standing {
            Standing::Proven(_) => reviewed += 1,
            Standing::NotAsked(_) => not_asked += 1,
            Standing::Open(missing) => match missing.gap {
                Some((version, gap)) if version.git.is_none() => {
                    let flags = reviews.flags(&required);
                    let reviews = gap.reviews(&version, |_| true).into_iter();
                    let reviews = reviews.map(|review| (review, None)).collect();
                    open.push(Open { package: package.clone(), criteria: required.criteria, flags, reviews });
                }
                _ => elsewhere.push(format!("{}: {}", package.id.short(), missing.why.join("; "))),
            },
        }
    }
    let total = open.len() + elsewhere.len() + reviewed;
    if let (Some(name), 0) = (only, total + not_asked) {
        let what = format!("no package of the workspace is called `{name}`");
        return Err(Failure::new(Kind::Usage, what).help("`Cargo.lock` lists them"));
    }
    report.step("Looking", format!("for what is not reviewed of {}", plural(total, "package")));
    chain(&mut open);
    let sizes = sizes(surroundings, &open, report, progress)?;
    // What cannot be read hints at nothing; whoever judges by it has said so.
    let mut store = audits::store(&gate.root).ok().flatten().unwrap_or_default();
    if let Ok(folder) = vet_store::folder(&gate.root)
        && let Ok((_, publications)) = audits::publications(&gate.root, &folder)
    {
        audits::join(&mut store, publications);
    }
    let list = cheapest(&open, &sizes, &store);
    Ok(Found { list, elsewhere, reviewed, total, not_asked })
}

fn reviews(gate: &Gate, surroundings: &Surroundings, report: &mut Report) -> Result<Reviews, Failure> {
    match vetting::reviews(&gate.policy, &gate.root, surroundings.clock, report) {
        Evidence::Known(reviews) => Ok(reviews),
        Evidence::Absent => {
            let store = Store { folder: FOLDER.into(), ..Store::default() };
            let today = Date::of_seconds(surroundings.clock.0);
            Reviews::new(store, None, BTreeMap::new(), today)
                .map_err(|why| Failure::new(Kind::Undecided, why))
        }
        Evidence::Unavailable(why) => {
            let help = "correct what it names, then run the command again";
            Err(Failure::new(Kind::Undecided, why).help(help))
        }
    }
}

fn is_own(manifest: &Manifest, package: &LockedPackage) -> bool {
    package.id.source.is_none() && manifest.members.iter().any(|member| member.name == package.id.name)
}

/// Several versions of a crate: once one is reviewed, what changed up to the next may be less than all of that.
fn chain(open: &mut [Open]) {
    let mut versions =
        BTreeMap::<(PackageName, Option<provenance_build::Source>), Vec<(VetVersion, usize)>>::new();
    for (number, Open { package: LockedPackage { id, .. }, .. }) in open.iter().enumerate() {
        if let Some(version) = VetVersion::parse(id.version.as_str()) {
            versions.entry((id.name.clone(), id.source.clone())).or_default().push((version, number));
        }
    }
    for mut list in versions.into_values() {
        list.sort();
        for pair in list.windows(2) {
            let [(from, before), (to, number)] = pair else { continue };
            let review = Review { from: Some(from.clone()), to: to.clone() };
            open[*number].reviews.push((review, Some(*before)));
        }
    }
}

/// The version of a package's crate, as an index lists it.
type Key = PackageId;

/// How much each review takes, by the package and the review.
type Sizes = BTreeMap<(Option<Key>, Key), ReviewSize>;

fn key(package: &LockedPackage, version: &VetVersion) -> Option<Key> {
    let version = Version::parse(&version.to_string())?;
    Some(PackageId { version, ..package.id.clone() })
}

fn sizes(
    surroundings: &Surroundings,
    open: &[Open],
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<Sizes, Failure> {
    let place = Place::open(surroundings)?;
    let publishers = Publishers::of(&place.situation.configuration, &place.situation.cargo_home)?;
    let compared = open.iter().filter(|it| it.reviews.iter().any(|(review, _)| review.from.is_some()));
    let compared = compared.map(|it| &it.package).collect::<Vec<_>>();
    // Which bytes an older version has, only an index says.
    report.not_checked.extend(indices::freshen(
        &place.situation,
        &compared,
        When::Daily,
        surroundings.network,
        progress,
    )?);
    let mut packages = open.iter().map(|it| it.package.clone()).collect::<Vec<_>>();
    let mut places =
        packages.iter().enumerate().map(|(at, it)| (it.id.clone(), at)).collect::<BTreeMap<_, _>>();
    let (mut readings, mut wanted) = (BTreeSet::<Reading>::new(), vec![]);
    for Open { package, reviews, .. } in open {
        let mut place_of = |version: &VetVersion| -> Option<usize> {
            let id = key(package, version)?;
            if let Some(at) = places.get(&id) {
                return Some(*at);
            }
            let entries = publishers.entries(id.source.as_ref()?, &id.name).ok()?;
            let checksum = entries.known()?.get(&id.version)?.checksum;
            packages.push(LockedPackage {
                id: id.clone(),
                checksum: Some(checksum),
                dependencies: vec![],
                line: 0,
            });
            places.insert(id, packages.len() - 1);
            Some(packages.len() - 1)
        };
        for (review, _) in reviews {
            let from = review.from.as_ref().map(&mut place_of);
            let to = place_of(&review.to);
            let (Some(to), false) = (to, from == Some(None)) else { continue };
            let reading = (from.flatten(), to);
            readings.insert(reading);
            let from = review.from.as_ref().and_then(|from| key(package, from));
            wanted.extend(key(package, &review.to).map(|to| ((from, to), reading)));
        }
    }
    let sizes = size::of(surroundings, place, packages, &readings, progress)?;
    Ok(wanted.into_iter().filter_map(|(key, reading)| Some((key, sizes.get(&reading)?.clone()))).collect())
}

/// What is not known comes last.
fn cost(size: Option<&ReviewSize>) -> (bool, usize) {
    let cost = size.map(|size| size.lines.saturating_add(size.risky.saturating_mul(RISKY - 1)));
    (cost.is_none(), cost.unwrap_or_default())
}

/// The cheapest review of each package, those that are the same put together.
fn cheapest(open: &[Open], sizes: &Sizes, store: &Store) -> Vec<MissingReview> {
    let hints = Hints::of(store);
    let mut list: Vec<MissingReview> = vec![];
    for Open { package, criteria, flags, reviews } in open {
        let size = |review: &Review| {
            let from = review.from.as_ref().and_then(|from| key(package, from));
            sizes.get(&(from, key(package, &review.to)?))
        };
        let best = reviews.iter().min_by_key(|(review, after)| (cost(size(review)), after.is_some()));
        let Some((review, after)) = best else { continue };
        let id = &package.id;
        let (from, to) = (review.from.as_ref().map(ToString::to_string), review.to.to_string());
        let is_same = |it: &&mut MissingReview| {
            (it.krate.as_str(), &it.from, &it.to, &it.criteria) == (id.name.as_str(), &from, &to, criteria)
                && it.after.is_none()
        };
        if let (None, Some(same)) = (after, list.iter_mut().find(is_same)) {
            same.settles.push(id.short());
            continue;
        }
        let versions = from.iter().chain([&to]).map(|version| format!(" {version}")).collect::<String>();
        let shows = match &from {
            Some(_) => format!("cargo provenance diff {}{versions}", id.name),
            None => format!("cargo provenance vet {}@{to}", id.name),
        };
        list.push(MissingReview {
            krate: id.name.to_string(),
            criteria: criteria.clone(),
            size: size(review).cloned(),
            settles: vec![id.short()],
            after: after.map(|number| open[number].package.id.version.to_string()),
            hints: hints.about(id.name.as_str(), &review.to),
            commands: [shows, format!("cargo provenance certify {}{versions}{flags}", id.name)],
            from,
            to,
        });
    }
    list.sort_by(|a, b| {
        let order = |it: &MissingReview| (cost(it.size.as_ref()), it.krate.clone(), it.to.clone());
        order(a).cmp(&order(b))
    });
    list
}
