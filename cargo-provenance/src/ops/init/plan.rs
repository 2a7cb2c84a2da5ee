//! The workspace as `init` will leave it, with the lockfile that the build helper needs.
//!
//! Cargo keeps what is locked wherever the helper's packages can live with it. What has to move, and what is new, comes in as
//! it would by `add`: held back at the newest version that passes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::{Checksum, LockedPackage, Lockfile, PackageId, PackageName, Source, Version};

use super::super::entering::Naming;
use super::super::gating::Gating;
use super::super::limiting::change::{Change, Entry};
use super::super::limiting::{
    Entering, Held, Holding, Limits, Place, ROUNDS, Resolver, is_without_solution, tell_entering, tell_held,
    told,
};
use super::super::vetting::Vetting;
use super::{Error, Options, read_optional};
use crate::cargo::{self, CargoCommand, Shadow, Workspace};
use crate::collect::publishers::Publishers;
use crate::collect::records::{Circumstances, Record};
use crate::collect::situation::{self, Situation};
use crate::helper::HELPER_NAME;
use crate::model::{Clock, Evidence, Network, Surroundings};
use crate::report::Report;
use crate::report::progress::Progress;
use crate::vet::Way;

/// The workspace as it will be, and the lockfile's new text if it gets one.
pub(super) struct Plan {
    pub(super) situation: Situation,
    pub(super) old_lockfile: Option<String>,
    pub(super) lockfile: Option<String>,
    /// What comes in with the helper, and for whom. The helper itself is released with this tool, and not among it.
    pub(super) entering: BTreeMap<PackageId, String>,
    told: Vec<(Entry, Record)>,
    held: Vec<Held>,
    // Holds the directories that the situation's cargo works in.
    _shadow: Option<Shadow>,
}

/// The shadow in which the helper is set up.
struct Settling<'a> {
    /// What is locked without it.
    start: String,
    shadow: Shadow,
    cargo: CargoCommand,
    manifest: PathBuf,
    lockfile: PathBuf,
    member: Option<PathBuf>,
    network: Network,
    from_registry: bool,
    progress: &'a dyn Progress,
}

impl Plan {
    pub(super) fn make(
        surroundings: &Surroundings,
        options: &Options,
        cargo: &CargoCommand,
        mut workspace: Workspace,
        gating: &Gating,
        vetting: &Vetting<'_>,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let configuration = situation::configuration(surroundings, &workspace)?;
        let path = configuration.lockfile(&workspace.root)?;
        let old = read_optional(&path)?;
        let must_settle = old.is_none() || !gating.texts.is_empty();
        if !must_settle {
            let situation = Situation::read(surroundings, workspace)?;
            return Ok(Self::of(situation, old, None));
        }
        if options.locked {
            return Err(Error::Misplaced {
                what: format!("`{}` would have to change, and `--locked` forbids it", path.display()),
                help: "run the command without `--locked`".to_owned(),
            });
        }
        // The lockfile is settled in the shadow, so that a refusal leaves everything as it was.
        workspace.lockfile = path.clone();
        let mut shaped = gating.workspace.clone().unwrap_or_else(|| workspace.clone());
        shaped.lockfile = path.clone();
        let cast = Workspace { members: workspace.members.clone(), ..shaped.clone() };
        let shadow = Shadow::cast(&cast, surroundings)?;
        let manifest = shadow.path(&shaped.manifest());
        let mut settling = Settling {
            start: String::new(),
            cargo: shadow.cargo(cargo),
            shadow,
            manifest: manifest.clone(),
            lockfile: path.clone(),
            member: workspace.members.first().map(|member| member.manifest.clone()),
            network: surroundings.network,
            from_registry: options.helper.as_ref().is_some_and(|helper| helper.path.is_none()),
            progress,
        };
        if old.is_none() {
            // What is there without the helper, so that what comes in with it can be told from that.
            settling.settle()?;
        }
        settling.start = settling.text()?;
        let mut plan = None;
        if !gating.texts.is_empty() {
            for (path, text) in &gating.texts {
                settling.shadow.put(path, text.new.as_bytes())?;
            }
            settling.settle()?;
            let before = locked(&settling.start, &path)?;
            let publishers = Publishers::of(&configuration, &surroundings.cargo_home)?;
            plan = Some(settling.hold(&before, vetting, &publishers)?);
        }
        let settled = settling.text()?;
        let changed = old.as_ref() != Some(&settled);
        let Settling { shadow, cargo, .. } = settling;
        let situation = Situation::planned(surroundings, shaped, settled.clone(), cargo, manifest)?;
        let mut made = Self::of(situation, old, changed.then_some(settled));
        made._shadow = Some(shadow);
        if let Some((entering, held)) = plan {
            let chain = |one: &Entering| (one.entry.id.clone(), one.entry.chain.clone());
            made.entering = entering.iter().filter(|one| !is_helper(&one.entry.id)).map(chain).collect();
            made.told = entering.into_iter().map(|one| (one.entry, one.record)).collect();
            made.held = held;
        }
        Ok(made)
    }

    fn of(situation: Situation, old_lockfile: Option<String>, lockfile: Option<String>) -> Self {
        let entering = BTreeMap::new();
        Self { situation, old_lockfile, lockfile, entering, told: vec![], held: vec![], _shadow: None }
    }

    /// Tells what comes in with the helper.
    pub(super) fn tell(&self, report: &mut Report, now: Clock) {
        for (entry, record) in &self.told {
            tell_entering(report, entry, record, now);
        }
        tell_held(report, &self.held, now);
    }
}

/// What a lockfile locks. One of cargo's old formats is what cargo will bring up to date, and says no less.
fn locked(text: &str, path: &Path) -> Result<Lockfile, Error> {
    let strict = match Lockfile::parse(text.as_bytes(), path) {
        Ok(lockfile) => return Ok(lockfile),
        Err(error) => error,
    };
    let package = |package: &cargo_lock::Package| {
        Some(LockedPackage {
            id: PackageId {
                name: PackageName::parse(package.name.as_str())?,
                version: Version::parse(&package.version.to_string())?,
                source: match &package.source {
                    Some(source) => Some(Source::parse(&source.to_string())?),
                    None => None,
                },
            },
            checksum: match &package.checksum {
                Some(checksum) => Some(Checksum::from_hex(&checksum.to_string())?),
                None => None,
            },
            dependencies: vec![],
            line: 0,
        })
    };
    let lenient = text.parse::<cargo_lock::Lockfile>().ok();
    let packages = lenient.and_then(|lenient| lenient.packages.iter().map(package).collect());
    Ok(Lockfile { version: 4, packages: packages.ok_or(strict)? })
}

fn is_helper(id: &PackageId) -> bool {
    id.name.as_str() == HELPER_NAME
}

impl Settling<'_> {
    /// Brings the lockfile in line with the manifests of the shadow.
    fn settle(&self) -> Result<(), Error> {
        self.cargo.settle_lockfile(&self.manifest, self.progress).map_err(|error| match &error {
            cargo::Error::Failed { stderr, .. }
                if self.from_registry && stderr.to_string().contains(HELPER_NAME) =>
            {
                Error::NoHelper(error)
            }
            _ => error.into(),
        })?;
        Ok(())
    }

    fn text(&self) -> Result<String, Error> {
        let text = self.shadow.read(&self.lockfile)?.map(String::from_utf8);
        let Some(Ok(text)) = text else {
            return Err(situation::Error::NoLockfile(self.lockfile.clone()).into());
        };
        Ok(text)
    }

    fn place(&self) -> Place<'_> {
        Place {
            shadow: &self.shadow,
            cargo: &self.cargo,
            manifest: self.manifest.clone(),
            lockfile: &self.lockfile,
            member: self.member.as_deref(),
            progress: self.progress,
        }
    }

    /// Holds back what came in since `before` and does not pass by what its index says. What is left and does not pass is for
    /// the report to refuse.
    fn hold(
        &self,
        before: &Lockfile,
        vetting: &Vetting<'_>,
        publishers: &Publishers<'_>,
    ) -> Result<(Vec<Entering>, Vec<Held>), Error> {
        let mut holding = Holding::default();
        let mut first = None;
        for round in 0.. {
            let change = Change::since(before, self.place().locked::<Error>()?)?;
            let first = first.get_or_insert_with(|| change.lockfile.clone());
            let entering = look_up(&change, vetting, publishers)?;
            let refused = entering.iter().any(|one| one.vetted.judgment.refuses());
            if refused && round < ROUNDS && holding.step(self, vetting, &change, &entering)?.is_some() {
                continue;
            }
            let held = if refused { vec![] } else { told(first, &change.lockfile, &holding.held) };
            return Ok((entering, held));
        }
        unreachable!("the rounds end")
    }
}

fn look_up(
    change: &Change,
    vetting: &Vetting<'_>,
    publishers: &Publishers<'_>,
) -> Result<Vec<Entering>, Error> {
    let packages = change.entering.iter().map(|entry| {
        let circumstances = Circumstances {
            way: Way::Pulled,
            direct: entry.direct,
            replaces: entry.replaces.clone(),
            pinned_from: None,
            judged_by: None,
        };
        (&change.lockfile.packages[entry.index], circumstances)
    });
    let records = {
        // What the helper brings is asked the most: nothing but it needs that.
        let packages = packages.collect::<Vec<_>>();
        vetting.records(&change.lockfile, &packages, publishers, &Evidence::Absent)?
    };
    let mut exceptions = vetting.exceptions();
    let entering = change.entering.iter().cloned().zip(records).map(|(entry, record)| {
        let judgment = match is_helper(&entry.id) {
            true => Default::default(),
            false => vetting.before_fetching(&record),
        };
        let vetted = vetting.settle(judgment, None, &mut exceptions);
        Entering { entry, record, vetted, proven: None }
    });
    Ok(entering.collect())
}

impl Resolver for Settling<'_> {
    type Error = Error;

    fn naming(&self, _: &str) -> Naming {
        Naming::Not
    }

    fn limit(&self, limits: &Limits, _: bool) -> Result<Option<Vec<String>>, Error> {
        let before = self.text()?;
        // From where cargo would start, so that the newest versions are taken of all that is not limited.
        self.shadow.put(&self.lockfile, self.start.as_bytes())?;
        let resolved = self.place().resolve(limits, || {
            self.cargo.settle_lockfile(&self.manifest, self.progress)?;
            Ok(())
        });
        match resolved {
            Ok(()) => Ok(Some(vec![])),
            Err(Error::Cargo(error)) if is_without_solution(&error, self.network) => {
                self.shadow.put(&self.lockfile, before.as_bytes())?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_locked(&self, id: &PackageId) -> Result<bool, Error> {
        Ok(self.place().locked::<Error>()?.packages.iter().any(|package| package.id == *id))
    }
}
