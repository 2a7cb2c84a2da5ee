//! The members of a draft: who is listed as the team's own, and who only looks like it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use provenance_build::manifest::Member;
use provenance_build::name::CRATES_IO;
use provenance_build::{Drift, Manifest, PackageName, Source, members};

use super::draft::Draft;
use super::{Error, Material, Rigor};
use crate::collect::indices;
use crate::collect::publishers::Publishers;
use crate::collect::situation::{Situation, registry_name};
use crate::finding::{Finding, Place, Role, Weight};
use crate::model::{Evidence, Network};
use crate::report::progress::Progress;

impl Draft {
    pub(super) fn members(&mut self, material: &Material<'_>) -> Result<(), Error> {
        let Material { situation, old, split, .. } = *material;
        let mut entries = BTreeMap::new();
        for member in &situation.workspace.members {
            let path = situation.relative(&member.directory).ok_or_else(|| Error::Misplaced {
                what: format!("member `{}` has a directory that no manifest can name", member.name),
                help: "give it a path of UTF-8 characters, on the same drive as the workspace".to_owned(),
            })?;
            entries.insert(member.name.clone(), (path, None));
        }
        for (index, path, reason) in &split.own {
            let name = situation.lockfile.packages[*index].id.name.clone();
            entries.insert(name, (path.clone(), Some(reason.clone())));
        }
        if let Some(stray) = material.declared.iter().find(|own| !entries.contains_key(&own.name)) {
            return Err(Error::Misplaced {
                what: format!("`--own {}` names no member and no path package of this workspace", stray.name),
                help: "name a package that `Cargo.lock` lists without a source".to_owned(),
            });
        }
        let known = Known::gather(situation, old)?;
        for (name, (path, reason)) in entries {
            let before = old.and_then(|old| old.members.iter().find(|member| member.name == name));
            let declared = material.declared.iter().find(|own| own.name == name);
            let mut own = declared
                .map(|own| own.reason.clone())
                .or(reason)
                .or_else(|| before.and_then(|member| member.own.clone()));
            if before.is_none() {
                self.joined.push(format!("{name} ({path})"));
                match known.why(&name)? {
                    Some(why) if own.is_none() && material.rigor == Rigor::Baseline => {
                        own = Some("there at init".to_owned());
                        let message = format!("member `{name}` bears a known name: {why}");
                        self.findings.push(Finding::new("member-name-known", Weight::Note, message));
                    }
                    Some(why) if own.is_none() => {
                        let message = format!("new member `{name}` bears a known name: {why}");
                        self.doubt(situation, &name, &path, "member-name-known", message);
                    }
                    _ => {}
                }
            }
            self.manifest.members.push(Member { name, path, own });
        }
        self.detours(material)
    }

    /// The kernel's own look at members and patches, so that a fresh manifest never drifts at once.
    fn detours(&mut self, material: &Material<'_>) -> Result<(), Error> {
        // Where the manifests lie as they will be.
        let situation = material.situation;
        let root = situation.manifest.parent().unwrap_or(&situation.workspace.root);
        if material.rigor == Rigor::Baseline {
            for drift in members::inspect(root, &self.manifest, &situation.lockfile)? {
                if let Drift::Detour { name, .. } = &drift
                    && let Some(member) = self.manifest.members.iter_mut().find(|m| m.name.as_str() == name)
                {
                    member.own.get_or_insert_with(|| "there at init".to_owned());
                }
            }
        }
        for drift in members::inspect(root, &self.manifest, &situation.lockfile)? {
            let mut finding = Finding::new(drift.code(), Weight::Denial, drift.to_string());
            finding.notes = drift.details();
            finding.help.extend(match (&drift, material.rigor) {
                (Drift::Detour { name, .. }, _) => Some(own_help(situation, name)),
                (Drift::Stale { .. }, Rigor::Policy | Rigor::Recheck) => {
                    Some("run `cargo fetch`, then `cargo provenance pin`".to_owned())
                }
                (Drift::Stale { .. }, Rigor::Baseline) => {
                    Some("run `cargo fetch`, then `cargo provenance init`".to_owned())
                }
                _ => None,
            });
            self.findings.push(finding);
        }
        Ok(())
    }

    fn doubt(
        &mut self,
        situation: &Situation,
        name: &PackageName,
        path: &str,
        id: &'static str,
        message: String,
    ) {
        let file = situation.workspace.root.join(path).join("Cargo.toml");
        let text = provenance_build::toml::read(&file).unwrap_or_default();
        let line = text.lines().position(|line| line.trim_start().starts_with("name"));
        let mut finding = Finding::new(id, Weight::Denial, message);
        if let Some(line) = line {
            let excerpt = text.lines().nth(line).unwrap_or_default().to_owned();
            let file = file.strip_prefix(&situation.workspace.root).map_or(file.clone(), PathBuf::from);
            let (line, label) = (line as u32 + 1, "a copy would be compiled unpinned".to_owned());
            finding = finding.at(Place { file, line, excerpt, label, role: Role::Primary });
        }
        self.findings.push(
            finding.help(format!("if it is the team's own, run `cargo provenance pin --own {name}=REASON`")),
        );
    }
}

/// How to say that a package is the team's own: a member by the flag, another by its directory in the policy.
fn own_help(situation: &Situation, name: &str) -> String {
    let is_member = situation.workspace.members.iter().any(|member| member.name.as_str() == name);
    let mut locked = situation.lockfile.packages.iter().map(|package| &package.id);
    if is_member {
        format!("if it is the team's own, run `cargo provenance pin --own {name}=REASON`")
    } else if locked.any(|id| id.source.is_none() && id.name.as_str() == name) {
        "if it is the team's own, add its directory to `own` in `Provenance.toml`, then run `cargo provenance pin`"
            .to_owned()
    } else {
        "remove what leads there, or let `cargo fetch` lock it, then run `cargo provenance pin`".to_owned()
    }
}

/// Names that registries or the old manifest know.
struct Known<'a> {
    publishers: Publishers<'a>,
    registries: Vec<Source>,
    locked: BTreeMap<&'a str, &'a Source>,
    pinned: BTreeMap<&'a str, &'a Source>,
}

impl<'a> Known<'a> {
    fn gather(situation: &'a Situation, old: Option<&'a Manifest>) -> Result<Self, Error> {
        let packages = situation.lockfile.packages.iter();
        let locked =
            packages.filter_map(|package| Some((package.id.name.as_str(), package.id.source.as_ref()?)));
        let locked = locked.collect::<BTreeMap<_, _>>();
        let pins = old.into_iter().flat_map(|old| &old.packages);
        Ok(Self {
            publishers: Publishers::of(&situation.configuration, &situation.cargo_home)?,
            registries: registries(situation),
            pinned: pins.filter_map(|pin| Some((pin.name.as_str(), pin.source()?))).collect(),
            locked,
        })
    }

    fn why(&self, name: &PackageName) -> Result<Option<String>, Error> {
        if let Some(source) = self.locked.get(name.as_str()) {
            let source = source.display_name();
            return Ok(Some(format!("`Cargo.lock` has a package of this name from {source}")));
        }
        if let Some(source) = self.pinned.get(name.as_str()) {
            return Ok(Some(format!("a package of this name was pinned from {}", source.display_name())));
        }
        for source in &self.registries {
            if let Evidence::Known(_) = self.publishers.entries(source, name)? {
                return Ok(Some(format!("{} has a package of this name", source.display_name())));
            }
        }
        Ok(None)
    }
}

/// crates.io, and the registries of the lockfile.
fn registries(situation: &Situation) -> Vec<Source> {
    let packages = situation.lockfile.packages.iter().filter_map(|package| package.id.source.as_ref());
    let locked = packages.filter(|source| !source.is_git()).cloned();
    locked.chain(Source::parse(CRATES_IO)).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Asks the registries in use whether they know these names; returns a line about those that nobody could be asked about.
pub(in crate::ops) fn ask_about(
    situation: &Situation,
    names: &[&PackageName],
    network: Network,
    progress: &dyn Progress,
) -> Result<Vec<String>, Error> {
    if names.is_empty() {
        return Ok(vec![]);
    }
    let named = registries(situation).into_iter().map(|source| {
        let name = registry_name(&situation.configuration, &source);
        (source, name)
    });
    Ok(indices::ask_names(situation, &named.collect::<Vec<_>>(), names, network, progress)?)
}

/// Members that a change brings, that nobody declared the team's own, and whose names a registry or the manifest knows.
pub(in crate::ops) fn well_known(
    situation: &Situation,
    old: Option<&Manifest>,
    members: &[&Member],
) -> Result<Vec<Finding>, Error> {
    let known = Known::gather(situation, old)?;
    let mut findings = vec![];
    for member in members.iter().filter(|member| member.own.is_none()) {
        if let Some(why) = known.why(&member.name)? {
            let message = format!("new member `{}` bears a known name: {why}", member.name);
            let help =
                format!("if it is the team's own, run `cargo provenance pin --own {}=REASON`", member.name);
            findings.push(Finding::new("member-name-known", Weight::Denial, message).help(help));
        }
    }
    Ok(findings)
}
