//! One published version on its own, whatever workspace there is: what its registry says of it, and its archive.

use std::path::{Path, PathBuf};

use provenance_build::config::Configuration;
use provenance_build::name::CRATES_IO;
use provenance_build::{LockedPackage, Lockfile, PackageId, PackageName, Source, Version};

use super::fetching::download;
use super::{Error, Publishers};
use crate::cargo::{CargoCommand, ScratchHome};
use crate::model::{Evidence, Network, Surroundings};
use crate::registry::Entries;
use crate::report::progress::Progress;

/// A version that somebody asks about.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The package.
    pub name: &'a PackageName,
    /// Its version.
    pub version: &'a Version,
    /// The registry, by its name in cargo's configuration; `None` is crates.io.
    pub registry: Option<&'a str>,
}

/// What was found of it. Fetched archives are gone with this.
#[derive(Debug)]
pub struct Published {
    /// The package as a lockfile would name it. Without a checksum if the index has no such version.
    pub package: LockedPackage,
    /// What the index says of the package.
    pub entries: Evidence<Entries>,
    /// Its archives: those of the user's cache, else one in a scratch home. None offline, and where there is no such version.
    pub archives: Vec<PathBuf>,
    _home: Option<ScratchHome>,
}

/// Looks a version up. Cargo is asked only for what is not at hand: an index that does not know the version, an archive.
pub fn published(
    surroundings: &Surroundings,
    configuration: &Configuration,
    wanted: Wanted<'_>,
    progress: &dyn Progress,
) -> Result<Published, Error> {
    let Surroundings { cargo_home, network, clock, directory, .. } = surroundings;
    let publishers = Publishers::of(configuration, cargo_home)?;
    let source = source(configuration, wanted.registry)?;
    let id = PackageId {
        name: wanted.name.clone(),
        version: wanted.version.clone(),
        source: Some(source.clone()),
    };
    let mut package = LockedPackage { id, checksum: None, dependencies: vec![], line: 0 };
    let cargo = CargoCommand::new(surroundings);
    let mut home = None;

    let mut entries = publishers.entries(&source, &package.id.name)?;
    if !lists(&entries, wanted.version) && *network == Network::Allowed {
        let scratch = home.insert(ScratchHome::make(cargo_home, directory, *clock)?);
        let asked = ask(scratch, &cargo, wanted, progress);
        entries = publishers.entries(&source, &package.id.name)?;
        // Cargo refuses what it would not add (every version yanked, say), and has asked all the same.
        if entries.known().is_none() {
            asked?;
        }
    }
    package.checksum = entries.known().and_then(|all| all.get(wanted.version)).map(|entry| entry.checksum);

    let lockfile = Lockfile { version: 4, packages: vec![package.clone()] };
    let archives =
        |home: &Path| publishers.archives_in(home, &lockfile).map(|all| all.into_iter().flatten().collect());
    let mut found: Vec<PathBuf> = archives(cargo_home)?;
    if found.is_empty() && package.checksum.is_some() && *network == Network::Allowed {
        let scratch = match &home {
            Some(home) => home,
            None => home.insert(ScratchHome::make(cargo_home, directory, *clock)?),
        };
        download(scratch, &cargo, &publishers, &[&package], progress)?;
        found = archives(scratch.path())?;
    }
    Ok(Published { package, entries, archives: found, _home: home })
}

fn lists(entries: &Evidence<Entries>, version: &Version) -> bool {
    entries.known().is_some_and(|entries| entries.get(version).is_some())
}

/// Lets cargo ask the registry, in a workspace that needs nothing.
fn ask(
    scratch: &ScratchHome,
    cargo: &CargoCommand,
    wanted: Wanted<'_>,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let (manifest, lockfile) = scratch.errand(&[])?;
    let cargo = cargo.with_lockfile(Some(&lockfile)).hiding(scratch.path());
    cargo.ask_index(&manifest, wanted.name.as_str(), wanted.registry, progress)?;
    Ok(())
}

/// The source that a lockfile would name for a registry, given by its name in cargo's configuration; `None` is crates.io.
pub fn source(configuration: &Configuration, registry: Option<&str>) -> Result<Source, Error> {
    let name = registry.unwrap_or("crates-io");
    let unknown = || Error::NoRegistry(name.to_owned());
    if name == "crates-io" {
        return Source::parse(CRATES_IO).ok_or_else(unknown);
    }
    let index = configuration.views.iter().find_map(|view| view.registries.get(name)).ok_or_else(unknown)?;
    let source = if index.starts_with("sparse+") { index.clone() } else { format!("registry+{index}") };
    Source::parse(&source).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::archive::samples::{Sample, id};
    use crate::model::Clock;
    use crate::report::progress::Silent;

    /// A cargo home whose configuration names the registry `local`: an index in git and archives in a folder.
    struct Registry(tempfile::TempDir);

    impl Registry {
        fn new() -> Self {
            let registry = Self(tempfile::tempdir().expect("a scratch directory"));
            let archive = Sample::new(&id("wanted")).build();
            let checksum = provenance_build::Checksum::from_bytes(Sha256::digest(&archive).into()).hex();
            let line = format!(
                "{{\"name\":\"wanted\",\"vers\":\"1.0.0\",\"deps\":[{{\"name\":\"absent\",\"req\":\"^1\",\"features\":[],\
                 \"optional\":false,\"default_features\":true,\"target\":null,\"kind\":\"normal\"}}],\
                 \"cksum\":\"{checksum}\",\"features\":{{}},\"yanked\":false}}\n"
            );
            let archives = format!("file://{}/dl/{{crate}}.crate", registry.path("").display());
            let index = format!("file://{}", registry.path("index").display());
            for (path, bytes) in [
                ("index/config.json", format!("{{\"dl\":\"{archives}\"}}").into_bytes()),
                ("index/wa/nt/wanted", line.into_bytes()),
                ("dl/wanted.crate", archive),
                ("home/config.toml", format!("[registries.local]\nindex = \"{index}\"\n").into_bytes()),
            ] {
                let path = registry.path(path);
                fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
                fs::write(path, bytes).expect("written");
            }
            for arguments in
                [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message=index"]]
            {
                let mut git = Command::new("git");
                git.current_dir(registry.path("index")).args([
                    "-c",
                    "user.name=a",
                    "-c",
                    "user.email=a@example.org",
                ]);
                assert!(git.args(arguments).status().expect("git runs").success());
            }
            registry
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().expect("there").join(path)
        }

        fn look_up(&self, registry: &str, network: Network) -> Result<Published, Error> {
            let surroundings = Surroundings {
                directory: self.path(""),
                manifest_path: None,
                cargo_home: self.path("home"),
                cargo: "cargo".into(),
                lockfile: None,
                overrides: vec![],
                network,
                clock: Clock(0),
                user: String::new(),
            };
            let configuration = Configuration::read(&provenance_build::config::Surroundings {
                root: self.path("home"),
                starts: vec![],
                members: vec![],
                cargo_home: self.path("home"),
                arguments: vec![],
                lockfile: None,
            });
            let id = id("wanted");
            let wanted = Wanted { name: &id.name, version: &id.version, registry: Some(registry) };
            published(&surroundings, &configuration.expect("readable"), wanted, &Silent)
        }
    }

    #[test]
    fn one_version_is_fetched_without_what_it_depends_on() {
        let registry = Registry::new();
        let offline = registry.look_up("local", Network::Forbidden).expect("nothing at hand");
        assert!(offline.archives.is_empty() && offline.entries.known().is_none());

        let found = registry.look_up("local", Network::Allowed).expect("found");
        assert!(found.package.checksum.is_some());
        let [archive] = &found.archives[..] else { panic!("{:?}", found.archives) };
        assert_eq!(
            fs::read(archive).expect("there"),
            fs::read(registry.path("dl/wanted.crate")).expect("there")
        );
        assert!(archive.starts_with(registry.path("home/provenance")), "{archive:?}");
        for folder in ["cache", "src"] {
            assert!(!registry.path("home/registry").join(folder).exists(), "{folder}");
        }
        let archive = archive.clone();
        drop(found);
        assert!(!archive.exists());

        // What the index says is at hand from now on.
        fs::remove_dir_all(registry.path("index")).expect("removed");
        registry.look_up("local", Network::Allowed).expect("found");
    }

    #[test]
    fn a_registry_that_nobody_defined_is_named() {
        let error = Registry::new().look_up("typo", Network::Forbidden).expect_err("unknown");
        assert!(error.to_string().contains("`typo`"), "{error}");
    }
}
