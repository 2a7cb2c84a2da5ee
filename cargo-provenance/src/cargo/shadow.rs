//! The shadow workspace: a copy of what cargo reads when it resolves (manifests, lockfile, configuration, toolchain
//! files) with empty stand-ins for the targets, in which cargo may edit while the real workspace stays as it is.
//!
//! It repeats the whole path from the file system's root, so that every relative path and every directory of
//! configuration above the workspace keeps its meaning. It lies below the cargo home: cargo does not look for a
//! workspace above that, the user alone can write there, and the configuration there is in force anyway. (A scratch
//! directory below `/tmp` would make cargo read a `/tmp/.cargo/config.toml` that anybody can put there.)

#![expect(clippy::disallowed_methods, reason = "the shadow workspace is written here, and nothing else")]

mod bounds;
pub(super) mod configuration;
mod targets;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

pub use self::bounds::Bound;
use super::command::CargoCommand;
use super::error::Error;
use super::scratch::{Purpose, Scratch, build_directory};
use super::workspace::{Workspace, normal, read_text, real};
use crate::model::Surroundings;

/// A workspace's shadow; gone when dropped.
#[derive(Debug)]
pub struct Shadow {
    scratch: Scratch,
    top: PathBuf,
    build: PathBuf,
    only_own_configuration: bool,
    directory: PathBuf,
    lockfile: PathBuf,
    default_lockfile: bool,
    /// The files that cargo may edit, by their real path, with the bytes they have there.
    tracked: Files,
}

/// What files hold, by their real path; `None` for those that are not there.
pub type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// A file that cargo changed in the shadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The real file.
    pub path: PathBuf,
    /// What it held when the shadow was made; `None` if it did not exist.
    pub old: Option<Vec<u8>>,
    /// What it shall hold.
    pub new: Vec<u8>,
}

impl Shadow {
    /// Makes the shadow of `workspace`, whose lockfile is `workspace.lockfile`, for a user who stands in
    /// `surroundings.directory`.
    pub fn cast(workspace: &Workspace, surroundings: &Surroundings) -> Result<Self, Error> {
        let scratch = Scratch::make(&surroundings.cargo_home, Purpose::Shadow, surroundings.clock)?;
        let top = match cfg!(windows) {
            // Canonical paths on Windows have a form that cargo does not like.
            true => scratch.path().to_owned(),
            false => scratch.path().canonicalize().map_err(|e| Error::file("find", scratch.path(), e))?,
        };
        let mut shadow = Self {
            scratch,
            top,
            build: build_directory(&surroundings.cargo_home),
            only_own_configuration: only_own_configuration(&surroundings.cargo_home, &workspace.root),
            directory: surroundings.directory.clone(),
            lockfile: workspace.lockfile.clone(),
            default_lockfile: workspace.lockfile == workspace.root.join("Cargo.lock"),
            tracked: BTreeMap::new(),
        };
        shadow.copy_packages(workspace)?;
        shadow.copy_lockfile()?;
        let starts = [surroundings.directory.as_path(), workspace.root.as_path()];
        shadow.copy_configuration(&starts, &surroundings.cargo_home, &workspace.repository())?;
        let directory = shadow.path(&surroundings.directory);
        fs::create_dir_all(&directory).map_err(|e| Error::file("create", &directory, e))?;
        Ok(shadow)
    }

    /// Where the shadow of a real path lies.
    pub fn path(&self, real: &Path) -> PathBuf {
        let mut path = self.top.clone();
        for component in normal(real).components() {
            match component {
                Component::Normal(name) => path.push(name),
                Component::Prefix(prefix) => path.push(
                    prefix.as_os_str().to_string_lossy().replace(|c: char| !c.is_ascii_alphanumeric(), "_"),
                ),
                Component::RootDir | Component::CurDir | Component::ParentDir => {}
            }
        }
        path
    }

    /// The cargo that works in the shadow of the user's directory.
    pub fn cargo(&self, cargo: &CargoCommand) -> CargoCommand {
        let lockfile = self.path(&self.lockfile);
        let cargo = match self.only_own_configuration {
            true => cargo.among_own_wrappers(),
            false => cargo.clone(),
        };
        cargo
            .within(&self.path(&self.directory))
            .with_lockfile((!self.default_lockfile).then_some(lockfile.as_path()))
            .with_build_directory(&self.build)
            .hiding(&self.top)
    }

    /// Writes the shadow of a real file that shall be written later.
    pub fn put(&self, real: &Path, bytes: &[u8]) -> Result<(), Error> {
        self.write(real, bytes)
    }

    /// Puts manifests and lockfile back as they were when the shadow was made.
    pub fn reset(&self) -> Result<(), Error> {
        self.restore(&self.tracked)
    }

    /// Puts the lockfile alone back as it was when the shadow was made.
    pub fn reset_lockfile(&self) -> Result<(), Error> {
        let lockfile = self.tracked.get_key_value(&self.lockfile);
        self.restore(&lockfile.map(|(path, old)| (path.clone(), old.clone())).into_iter().collect())
    }

    /// What manifests and lockfile hold now.
    pub fn snapshot(&self) -> Result<Files, Error> {
        self.tracked.keys().map(|path| Ok((path.clone(), self.read(path)?))).collect()
    }

    /// Puts files back as they were once.
    pub fn restore(&self, files: &Files) -> Result<(), Error> {
        for (path, old) in files {
            let shadow = self.path(path);
            match old {
                Some(bytes) => fs::write(&shadow, bytes).map_err(|e| Error::file("write", &shadow, e))?,
                None if shadow.exists() => {
                    fs::remove_file(&shadow).map_err(|e| Error::file("remove", &shadow, e))?;
                }
                None => {}
            }
        }
        Ok(())
    }

    /// What the shadow of a real file holds now, if it exists.
    pub fn read(&self, real: &Path) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(real);
        if !path.exists() {
            return Ok(None);
        }
        read_text(&path).map(|text| Some(text.into_bytes()))
    }

    /// The manifests and the lockfile that cargo changed, sorted by path.
    pub fn edited(&self) -> Result<Vec<Edit>, Error> {
        let mut edits = vec![];
        for (path, old) in &self.tracked {
            match self.read(path)? {
                Some(new) if old.as_ref() != Some(&new) => {
                    edits.push(Edit { path: path.clone(), old: old.clone(), new });
                }
                _ => {}
            }
        }
        Ok(edits)
    }

    /// Removes the shadow, and says so if that fails.
    pub fn close(self) -> Result<(), Error> {
        self.scratch.close()
    }

    fn copy_packages(&mut self, workspace: &Workspace) -> Result<(), Error> {
        let mut manifests = BTreeSet::from([workspace.manifest()]);
        manifests.extend(workspace.members.iter().map(|member| member.manifest.clone()));
        for package in &workspace.path_packages {
            manifests.insert(package.manifest.clone());
            manifests.extend(package.workspace.clone().filter(|manifest| manifest.is_file()));
        }
        for manifest in manifests {
            let text = read_text(&manifest)?;
            self.write(&manifest, text.as_bytes())?;
            let directory = manifest.parent().unwrap_or(Path::new("/"));
            let document = text
                .parse()
                .map_err(|e: toml_edit::TomlError| Error::unacceptable(&manifest, e.message().to_owned()))?;
            for target in targets::stand_ins(directory, &document) {
                self.write(&target, b"")?;
            }
            self.tracked.insert(manifest, Some(text.into_bytes()));
        }
        Ok(())
    }

    fn copy_lockfile(&mut self) -> Result<(), Error> {
        let path = self.lockfile.clone();
        let old = match path.exists() {
            true => Some(read_text(&path)?.into_bytes()),
            false => None,
        };
        if let Some(bytes) = &old {
            self.write(&path, bytes)?;
        }
        self.tracked.insert(path, old);
        Ok(())
    }

    /// Copies the configuration and the toolchain files that are in force in `starts`. Those of the cargo home are in
    /// force in the shadow anyway. Where a directory of the `repository` stands in for a registry, the copy does not say so.
    fn copy_configuration(
        &self,
        starts: &[&Path],
        cargo_home: &Path,
        repository: &Path,
    ) -> Result<(), Error> {
        let home = cargo_home.canonicalize().unwrap_or_else(|_| cargo_home.to_owned());
        let is_home =
            |folder: &Path| folder == cargo_home || folder.canonicalize().is_ok_and(|folder| folder == home);
        let directories: BTreeSet<&Path> = starts.iter().flat_map(|start| start.ancestors()).collect();
        let mut open = vec![];
        for directory in directories {
            let folder = directory.join(".cargo");
            if !is_home(&folder) {
                open.extend(
                    ["config", "config.toml"]
                        .map(|name| folder.join(name))
                        .into_iter()
                        .filter(|f| f.is_file()),
                );
            }
            for name in ["rust-toolchain", "rust-toolchain.toml"] {
                let file = directory.join(name);
                if file.is_file() {
                    self.write(&file, configuration::toolchain(&read_text(&file)?, directory).as_bytes())?;
                }
            }
        }
        let mut texts = BTreeMap::new();
        let mut put_by = BTreeSet::new();
        while let Some(file) = open.pop() {
            if texts.contains_key(&file) {
                continue;
            }
            if texts.len() >= provenance_build::limits::CONFIG_INCLUDES {
                return Err(Error::unacceptable(&file, "too many configuration files include each other"));
            }
            let text = read_text(&file)?;
            let said = configuration::said(&text, &file)?;
            // What is configured outside the repository, a mirror on this machine for instance, stays in force.
            let ours =
                said.directories.into_iter().filter(|(_, directory)| real(directory).starts_with(repository));
            put_by.extend(ours.map(|(name, _)| name));
            open.extend(said.includes.into_iter().filter(|file| file.is_file()));
            texts.insert(file, text);
        }
        let mirrored = |real: &Path| self.path(real).join("Cargo.toml").is_file();
        for (file, text) in &texts {
            let copy = configuration::rewritten(text, file, &|real| self.path(real), &mirrored, &put_by)?;
            self.write(file, copy.as_bytes())?;
        }
        Ok(())
    }

    fn write(&self, real: &Path, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(real);
        let parent = path.parent().unwrap_or(&self.top);
        fs::create_dir_all(parent).map_err(|source| Error::file("create", parent, source))?;
        // A target may be named that is a manifest or lies where a directory is: the first one stays.
        if bytes.is_empty() && path.exists() {
            return Ok(());
        }
        fs::write(&path, bytes).map_err(|source| Error::file("write", &path, source))
    }
}

/// Whether in the shadow, beside the copies that name no wrappers, nothing but the configuration of the cargo home is in
/// force: there is no other on the way up from there, and the cargo home does not lie in the workspace.
fn only_own_configuration(cargo_home: &Path, root: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let home = real(cargo_home);
    let is_other = |above: &Path| {
        let folder = above.join(".cargo");
        real(&folder) != home && ["config", "config.toml"].iter().any(|name| folder.join(name).exists())
    };
    !home.starts_with(real(root)) && !home.ancestors().any(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cargo::{Extent, Lock};
    use crate::model::{Clock, Network};
    use crate::report::progress::Silent;

    fn write(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("inside")).expect("a directory");
            fs::write(path, text).expect("a file");
        }
    }

    fn surroundings(base: &Path, directory: &str) -> Surroundings {
        Surroundings {
            directory: base.join(directory),
            manifest_path: None,
            cargo_home: base.with_file_name("cargo-home"),
            cargo: "cargo".into(),
            lockfile: None,
            overrides: vec![],
            agent: None,
            network: Network::Forbidden,
            offline_by: None,
            transport: Default::default(),
            clock: Clock(1_795_392_000),
            user: String::new(),
        }
    }

    const FILES: &[(&str, &str)] = &[
        (
            "ws/Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"crates/*\", \"../beside\"]\n[workspace.package]\nedition = \"2021\"\n\
             [workspace.dependencies]\nfar = { path = \"../libs/far\" }\n",
        ),
        (
            "ws/crates/app/Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition.workspace = true\nbuild = \"build/main.rs\"\n\
             [[bin]]\nname = \"tool\"\npath = \"cmd/tool.rs\"\n[dependencies]\nbeside = { path = \"../../../beside\" }\n",
        ),
        ("ws/crates/app/cmd/tool.rs", "fn main() {}"),
        ("ws/crates/app/build/main.rs", "fn main() { panic!(\"ran\") }"),
        (
            "beside/Cargo.toml",
            "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nworkspace = \"../ws\"\nedition.workspace = true\n\
             [dependencies]\nnear = { path = \"../libs/near\" }\n",
        ),
        ("beside/src/lib.rs", ""),
        (
            "libs/Cargo.toml",
            "[workspace]\nmembers = [\"near\"]\n[workspace.package]\nversion = \"0.2.0\"\n[workspace.dependencies]\nfar = { path = \"far\" }\n",
        ),
        (
            "libs/near/Cargo.toml",
            "[package]\nname = \"near\"\nversion.workspace = true\n[dependencies]\nfar.workspace = true\n",
        ),
        ("libs/near/src/near.rs", ""),
        ("libs/near/src/lib.rs", ""),
        ("libs/far/Cargo.toml", "[package]\nname = \"far\"\nversion = \"0.3.0\"\n"),
        ("libs/far/src/lib.rs", ""),
        // Wrappers and compilers of the repository must not run.
        (
            ".cargo/config.toml",
            "[build]\nrustc-wrapper = \"./no-such-wrapper\"\n[alias]\nadd = \"no-such-command\"\n",
        ),
        ("ws/.cargo/config.toml", "include = [\"more.toml\"]\n"),
        ("ws/.cargo/more.toml", "[env]\nX = \"y\"\n[net]\nretry = 1\n"),
    ];

    #[test]
    fn cargo_edits_the_shadow_and_nothing_else() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path().canonicalize().expect("it exists").join("project");
        write(&base, FILES);
        let surroundings = surroundings(&base, "ws/crates/app");
        let cargo = CargoCommand::new(&surroundings);
        let workspace = Workspace::load(&cargo, None).expect("a workspace");
        let shadow = Shadow::cast(&workspace, &surroundings).expect("a shadow");

        let shadowed = shadow.cargo(&cargo);
        let manifest = shadow.path(&workspace.manifest());
        let output = shadowed.edit("add", &["far".into()], &Silent).expect("added");
        assert!(output.lines.iter().any(|line| line.contains("Adding far (workspace)")), "{output:?}");
        let metadata = shadowed.metadata(Some(&manifest), Extent::Graph, Lock::Settle).expect("resolved");
        assert_eq!(metadata.packages.len(), 4);
        shadowed.check_lockfile(&manifest, &Silent).expect("the lockfile is complete");

        let edits = shadow.edited().expect("readable");
        let paths: Vec<_> = edits.iter().map(|edit| edit.path.clone()).collect();
        assert_eq!(paths, [base.join("ws/Cargo.lock"), base.join("ws/crates/app/Cargo.toml")]);
        assert_eq!(edits[0].old, None);
        let text = String::from_utf8(edits[1].new.clone()).expect("text");
        assert!(text.ends_with("far.workspace = true\n"), "{text}");

        let top = shadow.top.clone();
        shadow.close().expect("removed");
        assert!(!top.exists() && !base.join("ws/Cargo.lock").exists());
        for (path, text) in FILES {
            assert_eq!(&fs::read_to_string(base.join(path)).expect("still there"), text);
        }
    }

    #[test]
    fn messages_speak_of_the_real_files() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path().canonicalize().expect("it exists").join("project");
        write(
            &base,
            &[("Cargo.toml", "[package]\nname = \"one\"\nversion = \"0.1.0\"\n"), ("src/lib.rs", "")],
        );
        let surroundings = surroundings(&base, "");
        let cargo = CargoCommand::new(&surroundings);
        let workspace = Workspace::load(&cargo, None).expect("a workspace");
        let shadow = Shadow::cast(&workspace, &surroundings).expect("a shadow");
        fs::write(shadow.path(&base.join("Cargo.toml")), "[package]\nname = 1\n").expect("written");
        let error = shadow.cargo(&cargo).locate_project(None).expect_err("a broken manifest");
        let error = format!("{error:?}");
        assert!(error.contains("Cargo.toml") && !error.contains("shadow-"), "{error}");
    }

    #[test]
    fn only_directories_of_the_repository_lose_the_place_of_a_source() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path().canonicalize().expect("it exists").join("project");
        let ours =
            "[source.ours]\ndirectory = \"repository/vendor\"\n[source.theirs]\ndirectory = \"elsewhere\"\n";
        let replaced = "[source.crates-io]\nreplace-with = \"ours\"\n";
        let kept = "[source.corp]\nregistry = \"https://h/i\"\nreplace-with = \"theirs\"\n";
        write(
            &base,
            &[
                ("repository/.git/HEAD", ""),
                // The directory and what it takes the place of stand in different files.
                (".cargo/config.toml", ours),
                ("repository/.cargo/config.toml", replaced),
                ("repository/ws/.cargo/config.toml", kept),
                ("repository/ws/Cargo.toml", "[package]\nname = \"one\"\nversion = \"0.1.0\"\n"),
                ("repository/ws/src/lib.rs", ""),
            ],
        );
        let surroundings = surroundings(&base, "repository/ws");
        let workspace = Workspace::load(&CargoCommand::new(&surroundings), None).expect("a workspace");
        assert_eq!(workspace.repository(), base.join("repository"));
        let shadow = Shadow::cast(&workspace, &surroundings).expect("a shadow");
        let copied = |folder: &str| {
            let file = shadow.path(&base.join(folder).join(".cargo/config.toml"));
            fs::read_to_string(file).expect("a copy")
        };
        assert_eq!(copied("repository"), "[source.crates-io]\n");
        assert_eq!(copied("repository/ws"), kept);
        assert!(copied("").contains(&*base.join("elsewhere").to_string_lossy()));
    }

    #[test]
    fn paths_cannot_leave_the_shadow() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path().canonicalize().expect("it exists").join("project");
        write(
            &base,
            &[
                (
                    "Cargo.toml",
                    "[package]\nname = \"one\"\nversion = \"0.1.0\"\n[[bin]]\nname = \"b\"\npath = \"../../../../../../../../../../../etc/b.rs\"\n",
                ),
                ("src/lib.rs", ""),
            ],
        );
        let surroundings = surroundings(&base, "");
        let workspace = Workspace::load(&CargoCommand::new(&surroundings), None).expect("a workspace");
        let shadow = Shadow::cast(&workspace, &surroundings).expect("a shadow");
        assert!(shadow.top.join("etc/b.rs").is_file());
        assert!(shadow.path(Path::new("/a/../../../b")).starts_with(&shadow.top));
    }

    #[test]
    fn configuration_above_the_cargo_home_is_not_the_users_own() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let base = scratch.path();
        write(
            base,
            &[("user/.cargo/config.toml", ""), ("user/ws/Cargo.toml", ""), ("odd/.cargo/config", "")],
        );
        for (home, root, expected) in [
            ("user/.cargo", "user/ws", true),
            ("user/.cargo", "user", false),
            ("user/ws/home", "user/ws", false),
            ("user/home", "user/ws", false),
            ("odd/home", "user/ws", false),
            ("home", "user/ws", true),
        ] {
            let found = only_own_configuration(&base.join(home), &base.join(root));
            assert_eq!(found, expected, "{home} {root}");
        }
    }
}
