//! The bill of a workspace: what a build of the selected packages draws from, by cargo's own resolution of the lockfile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use cargo_metadata::{Package, PackageId as Id, TargetKind};
use provenance_build::{Checksum, PackageId, PackageName, Source, Version};
use sha2::{Digest as _, Sha256};

use super::deliverable::{self, Deliverable};
use super::describe::{self, Place};
use super::ground::{Ground, Vendored};
use super::reach::{Reach, has_build_script, is_proc_macro};
use super::selection::roots;
use super::{Selection, archives, patches, pinned};
use crate::collect::situation::resolved;
use crate::model::{Surroundings, Timestamp};
use crate::report::failure::{Failure, Kind};
use crate::report::progress::Progress;
use crate::report::{Report, plural};
use crate::sbom::{
    Ancestor, Bill, Component, Context, Kind as ComponentKind, License, Need, Pedigree, Purpose, Scope,
    Target, UNKNOWN, purl, text,
};

/// Makes the bill.
pub(super) fn bill(
    surroundings: &Surroundings,
    selection: &Selection,
    artifacts: &[PathBuf],
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Bill, Failure> {
    let surroundings = &resolved(surroundings)?;
    let mut ground = Ground::read(surroundings, report)?;
    let metadata = ground.resolve(surroundings, &selection.resolution, progress)?;
    let roots = roots(&metadata, selection)?;
    let reach = Reach::from(&metadata, &roots, |_| true);
    let delivered = artifacts.iter().map(|file| Ok(of_roots(deliverable::read(file)?, &roots)));
    let plan = Plan {
        delivered: delivered.collect::<Result<_, Failure>>()?,
        roots,
        name: selection.name.as_deref(),
        context: Context::PreBuild,
        targets: &selection.resolution.targets,
    };
    assembled(&ground, &reach, plan, progress)
}

/// What a bill is to be about.
pub(super) struct Plan<'a> {
    /// The packages.
    pub(super) roots: Vec<&'a Package>,
    /// What they are called together.
    pub(super) name: Option<&'a str>,
    /// What is delivered, each with the packages that it may be of.
    pub(super) delivered: Vec<(Deliverable, Vec<Id>)>,
    pub(super) context: Context,
    /// The platforms; all, where there is none.
    pub(super) targets: &'a [String],
}

/// A bill that is complete but for when and by whom it is made.
pub(super) fn assembled(
    ground: &Ground,
    reach: &Reach<'_>,
    plan: Plan<'_>,
    progress: &dyn Progress,
) -> Result<Bill, Failure> {
    let mut components = components(ground, reach, progress)?;
    let references = name(&mut components);
    connect(&mut components, reach, &references);
    let delivered = plan.delivered.into_iter().map(|(file, of)| Deliverable {
        of: of.iter().filter_map(|id| references.get(id).cloned()).collect(),
        ..file
    });
    let mut subject = subject(plan.name, ground, &plan.roots, &references, &mut components);
    subject.scope = Scope::Subject;
    subject.fact("cargo-lock", sha256(&ground.situation.lockfile_text));
    let mut unknowns = vec![];
    match &ground.gate {
        Some(gate) => {
            subject.fact("provenance-lock", sha256(&gate.seen.text));
            subject.fact("policy", gate.policy.digest().to_string());
        }
        None => unknowns.push("why packages are trusted: there is no `Provenance.lock`".to_owned()),
    }
    if ground.drift > 0 {
        let count = plural(ground.drift, "disagreement");
        unknowns.push(format!("whether the sources are those that are pinned: `verify` finds {count}"));
    }
    let mut components = components.into_values().collect();
    deliverable::enter(delivered.collect(), &mut subject, &mut components);
    Ok(Bill {
        subject,
        components,
        context: plan.context,
        author: None,
        made: Timestamp(0),
        target: match plan.targets {
            [] => Target::All,
            triples => Target::Triples(triples.iter().map(|triple| text::line(triple)).collect()),
        },
        unknowns,
    })
}

/// Describes everything that is reached.
fn components(
    ground: &Ground,
    reach: &Reach<'_>,
    progress: &dyn Progress,
) -> Result<BTreeMap<Id, Component>, Failure> {
    let packages = reach.scopes.keys().filter_map(|id| reach.package(id)).collect::<Vec<_>>();
    let located = packages.iter().filter_map(|package| ground.locked(package));
    let wanted = located.filter_map(|at| Some((at, ground.package(at).checksum?, ground.archives(at))));
    let long = archives::sha512(&wanted.collect::<Vec<_>>(), progress);
    let mut components = BTreeMap::new();
    for package in packages {
        let locked = ground.locked(package);
        let mut component = described(ground, package, locked)?;
        if component.digests.sha256.is_some() {
            component.digests.sha512 = locked.and_then(|at| long.get(&at).cloned());
        }
        if let Some(pedigree) = patches::pedigree(&ground.patches, package) {
            component.pedigree = Some(pedigree);
        }
        component.scope = reach.scopes.get(&package.id).copied().unwrap_or(Scope::Run);
        let runs = [("build-script", has_build_script(package)), ("proc-macro", is_proc_macro(package))];
        for (what, _) in runs.into_iter().filter(|(_, is_it)| *is_it) {
            component.fact("build-time", what);
        }
        let features = reach.features.get(&package.id).filter(|features| !features.is_empty());
        if let Some(features) = features {
            component.fact("features", text::line(&features.join(" ")));
        }
        components.insert(package.id.clone(), component);
    }
    Ok(components)
}

fn described(ground: &Ground, package: &Package, locked: Option<usize>) -> Result<Component, Failure> {
    let directory = package.manifest_path.parent().map_or(Path::new(""), |it| it.as_std_path());
    let Some(id) = identity(package, locked.map(|at| &ground.package(at).id))? else {
        return Ok(of_directory(ground, package, directory, locked));
    };
    let checksum = locked.and_then(|at| ground.package(at).checksum);
    let Some(source) = &id.source else { return Ok(of_directory(ground, package, directory, locked)) };
    let vendored = locked.and_then(|at| ground.vendored(at, directory));
    let folder = ground.relative(directory).map(|path| text::line(&path));
    let mut component = match vendored {
        Some(Vendored::Changed) => describe::component(package, &Place::Directory(folder.clone())),
        _ => describe::component(package, &Place::Source(&id, source, checksum)),
    };
    if let Some(vendored) = vendored {
        component.pedigree = Some(of_copy(&id, vendored, folder.as_deref().unwrap_or(UNKNOWN)));
    }
    match (ground.pin(&id), &ground.gate) {
        (Some(pin), _) => pinned::enter(&mut component, pin),
        (None, Some(_)) => component.fact("pinned", "false"),
        (None, None) => {}
    }
    Ok(component)
}

/// A member, or a package that is reached by a path.
fn of_directory(ground: &Ground, package: &Package, directory: &Path, locked: Option<usize>) -> Component {
    let path = ground.relative(directory);
    let mut component = describe::component(package, &Place::Directory(path.clone()));
    let members = &ground.situation.workspace.members;
    let is_member = members.iter().any(|member| member.manifest == package.manifest_path.as_std_path());
    if is_member || path.is_some_and(|path| ground.is_own(package.name.as_str(), &path)) {
        component.fact("first-party", "true");
        return component;
    }
    match (locked.and_then(|at| ground.pin(&ground.package(at).id)), &ground.gate) {
        (Some(pin), _) => pinned::enter(&mut component, pin),
        (None, Some(_)) => component.fact("pinned", "false"),
        (None, None) => {}
    }
    component
}

/// What identifies a package that has a source.
fn identity(package: &Package, locked: Option<&PackageId>) -> Result<Option<PackageId>, Failure> {
    let Some(source) = &package.source else { return Ok(None) };
    if let Some(id) = locked {
        return Ok(Some(id.clone()));
    }
    let id = || {
        Some(PackageId {
            name: PackageName::parse(package.name.as_str())?,
            version: Version::parse(&package.version.to_string())?,
            source: Some(Source::parse(&source.repr)?),
        })
    };
    id().map(Some).ok_or_else(|| {
        let name = text::line(&package.id.repr);
        Failure::new(Kind::Undecided, format!("cargo names a package that is not accepted: `{name}`"))
    })
}

fn of_copy(id: &PackageId, vendored: Vendored, folder: &str) -> Pedigree {
    let (what, is_another) = match vendored {
        Vendored::Changed => ("changed since it was published", true),
        Vendored::NotCompared => ("not compared with what was published", false),
        Vendored::Same => ("the same files as published", false),
    };
    let ancestor = is_another.then(|| Ancestor {
        name: id.name.to_string(),
        version: Some(id.version.to_string()),
        purl: Some(purl::of(id)),
    });
    Pedigree { ancestor, notes: format!("vendored in `{folder}`; {what}") }
}

/// Gives every component a reference of its own.
fn name(components: &mut BTreeMap<Id, Component>) -> HashMap<Id, String> {
    let mut taken = BTreeSet::new();
    let mut references = HashMap::new();
    for (id, component) in components {
        let unnamed = || {
            let version = component.version.as_deref().unwrap_or(UNKNOWN);
            format!("package:{}@{version}", component.name)
        };
        let base = component.purl.clone().unwrap_or_else(unnamed);
        let numbered = (2..).map(|number| format!("{base}#{number}"));
        let free = [base.clone()].into_iter().chain(numbered).find(|name| taken.insert(name.clone()));
        component.reference = free.unwrap_or(base);
        references.insert(id.clone(), component.reference.clone());
    }
    references
}

fn connect(components: &mut BTreeMap<Id, Component>, reach: &Reach<'_>, references: &HashMap<Id, String>) {
    for (id, component) in components {
        let needs = reach.needs(id).into_iter().filter_map(|(package, purpose)| {
            Some(Need { reference: references.get(&package.id)?.clone(), purpose })
        });
        component.needs = Some(needs.collect());
    }
}

/// What the bill is about: the one package, or the workspace with several.
fn subject(
    name: Option<&str>,
    ground: &Ground,
    roots: &[&Package],
    references: &HashMap<Id, String>,
    components: &mut BTreeMap<Id, Component>,
) -> Component {
    if let [root] = roots
        && let Some(mut component) = components.remove(&root.id)
    {
        if root.targets.iter().any(|target| target.kind.contains(&TargetKind::Bin)) {
            component.kind = ComponentKind::Application;
        }
        return component;
    }
    let folder = ground.situation.workspace.root.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.map(str::to_owned).or(folder).unwrap_or_else(|| UNKNOWN.to_owned());
    let parts = roots.iter().filter_map(|root| components.get(&root.id)).collect::<Vec<_>>();
    let mut subject = Component::named(ComponentKind::Application, text::line(&name));
    subject.reference = format!("workspace:{}", subject.name);
    // What all have in common is true of the whole.
    if let [first, others @ ..] = &parts[..] {
        let in_common = others.iter().all(|other| other.version == first.version);
        subject.version = first.version.clone().filter(|_| in_common);
        let words = |component: &Component| match &component.license {
            License::Expression(expression) => Some(expression.canonical()),
            _ => None,
        };
        if others.iter().all(|other| words(other) == words(first)) {
            subject.license = first.license.clone();
        }
        if others.iter().all(|other| other.authors == first.authors) {
            subject.authors.clone_from(&first.authors);
        }
    }
    let need =
        |root: &&Package| Some(Need { reference: references.get(&root.id)?.clone(), purpose: Purpose::Run });
    subject.needs = Some(roots.iter().filter_map(need).collect());
    subject
}

/// Of which packages a file may be: those with a target of its name, else all.
fn of_roots(file: Deliverable, roots: &[&Package]) -> (Deliverable, Vec<Id>) {
    let plain = |name: &str| name.replace('-', "_");
    let stem = plain(file.name.split('.').next().unwrap_or_default());
    let stems = [stem.as_str(), stem.strip_prefix("lib").unwrap_or(&stem)];
    let makes = |root: &&&Package| {
        let mut targets = root.targets.iter().filter(|it| !it.kind.contains(&TargetKind::CustomBuild));
        targets.any(|target| stems.contains(&plain(&target.name).as_str()))
    };
    let named = roots.iter().filter(makes).copied().collect::<Vec<_>>();
    let of = if named.is_empty() { roots } else { &named };
    (file, of.iter().map(|root| root.id.clone()).collect())
}

pub(super) fn sha256(text: &str) -> String {
    Checksum::from_bytes(Sha256::digest(text.as_bytes()).into()).to_string()
}
