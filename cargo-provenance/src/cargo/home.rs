//! A scratch cargo home: the user's configuration and credentials are at hand in it, and nothing else.
//!
//! Cargo unpacks whatever it has downloaded, and before 1.96 an archive with links could overwrite the sources of another
//! package that way (CVE-2026-5223). So what nobody has judged is downloaded into a home of its own. There, a stand-in
//! takes the place of every package that cargo would unpack: with the mark that cargo itself leaves it counts as
//! unpacked, so that cargo downloads the archive and unpacks nothing. No source of the user's is ever linked into it.

#![expect(clippy::disallowed_methods, reason = "the scratch home is written here, and nothing else")]

mod errand;

pub(super) use self::errand::index_of;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use provenance_build::{LockedPackage, PackageId};

use super::command::CargoCommand;
use super::error::Error;
use super::scratch::{Purpose, Scratch, build_directory};
use super::shadow::configuration;
use super::workspace::read_text;
use crate::model::Clock;

/// The files of a cargo home that hold credentials.
pub(super) const CREDENTIALS: [&str; 2] = ["credentials", "credentials.toml"];

/// What cargo writes into a directory once it has unpacked an archive there (`LockMetadata` in `sources/registry/mod.rs`).
const UNPACKED: &str = "{\"v\":1}";

/// A scratch cargo home; gone when dropped, credentials first.
#[derive(Debug)]
pub struct ScratchHome {
    scratch: Scratch,
    user: PathBuf,
}

impl ScratchHome {
    /// Makes one for a cargo that works in `directory`, beside the user's `cargo_home`.
    pub fn make(cargo_home: &Path, directory: &Path, now: Clock) -> Result<Self, Error> {
        let scratch = Scratch::make(cargo_home, Purpose::Home, now)?;
        let home = Self { scratch, user: cargo_home.to_owned() };
        home.bring_configuration(directory)?;
        for name in CREDENTIALS {
            let credentials = cargo_home.join(name);
            if credentials.exists() {
                let link = home.path().join(name);
                link_file(&credentials, &link)
                    .map_err(|source| Error::file("link to", &credentials, source))?;
            }
        }
        home.bring_git()?;
        Ok(home)
    }

    /// Makes one in which cargo resolves: what it learns from registries and git repositories gets into the user's home, where
    /// nothing of it is unpacked; the commits that it has to check out for that are checked out here. `None` where the system
    /// lets nobody link to a directory.
    pub fn for_resolving(cargo_home: &Path, directory: &Path, now: Clock) -> Result<Option<Self>, Error> {
        for shared in [&["registry"][..], &["git", "db"]] {
            make_folder(&shared.iter().fold(cargo_home.to_owned(), |path, part| path.join(part)))?;
        }
        let home = Self::make(cargo_home, directory, now)?;
        let registry = cargo_home.join("registry");
        let link = home.path().join("registry");
        if link_directory(&registry, &link).is_err() {
            return Ok(None);
        }
        // Whoever writes to the same places waits for the same locks.
        for lock in [".package-cache", ".package-cache-mutate"] {
            let _ = link_file(&cargo_home.join(lock), &home.path().join(lock));
        }
        Ok(Some(home))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.scratch.path()
    }

    /// The user's own cargo home.
    pub fn user(&self) -> &Path {
        &self.user
    }

    /// The same cargo, at home here.
    pub fn cargo(&self, cargo: &CargoCommand) -> CargoCommand {
        cargo.with_home(self.path()).with_build_directory(&build_directory(&self.user)).hiding(self.path())
    }

    /// Where a file or directory of this home lies in the user's.
    pub fn place(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(self.path()).ok().map(|below| self.user.join(below))
    }

    /// Takes over an index directory of the user's, `registry/index/HOST-HASH`: what it says of the registry itself.
    pub fn bring_index(&self, directory: &OsStr) -> Result<(), Error> {
        let theirs = self.user.join("registry").join("index").join(directory);
        let ours = self.below(&["registry", "index"]).join(directory);
        make_folder(&ours)?;
        // What cannot be brought is downloaded.
        let _ = fs::copy(theirs.join("config.json"), ours.join("config.json"));
        let repository = theirs.join(".git");
        if repository.is_dir() {
            borrow_repository(&repository, &ours.join(".git"))?;
        }
        Ok(())
    }

    /// Writes what an index says of one package; `place` is the file's path below the index directory.
    pub fn bring_entries(&self, directory: &OsStr, place: &Path, cache: &[u8]) -> Result<(), Error> {
        let index = self.below(&["registry", "index"]).join(directory);
        put(&index.join(".cache").join(place), cache)
    }

    /// Makes a package count as unpacked, without anything of it.
    pub fn stand_in(&self, directory: &OsStr, id: &PackageId) -> Result<(), Error> {
        let folder = self.below(&["registry", "src"]).join(directory).join(id.file_stem());
        put(&folder.join("Cargo.toml"), errand::stand_in(id).as_bytes())?;
        put(&folder.join(".cargo-ok"), UNPACKED.as_bytes())
    }

    /// Makes a package count as downloaded too. Cargo opens the archive and, finding the package unpacked, reads nothing
    /// of it.
    pub fn stand_in_archive(&self, directory: &OsStr, id: &PackageId) -> Result<(), Error> {
        let name = format!("{}.crate", id.file_stem());
        put(&self.below(&["registry", "cache"]).join(directory).join(name), b"-")
    }

    /// Takes over the archive of a package. Cargo unpacks it here, where nothing is lost.
    pub fn bring_archive(&self, directory: &OsStr, id: &PackageId, from: &Path) -> Result<(), Error> {
        let folder = self.below(&["registry", "cache"]).join(directory);
        make_folder(&folder)?;
        let copied = fs::copy(from, folder.join(format!("{}.crate", id.file_stem())));
        copied.map(drop).map_err(|source| Error::file("copy", from, source))
    }

    /// Makes a package count as vendored into `target`: `cargo vendor` passes over it.
    pub fn stand_in_vendored(target: &Path, id: &PackageId) -> Result<(), Error> {
        put(&target.join(id.file_stem()).join(".cargo-checksum.json"), b"{}")
    }

    /// Writes a workspace that needs exactly these registry packages, and returns its manifest and its lockfile.
    pub fn errand(&self, packages: &[&LockedPackage]) -> Result<(PathBuf, PathBuf), Error> {
        let folder = self.path().join("errand");
        let (manifest, lockfile) = (folder.join("Cargo.toml"), folder.join("Cargo.lock"));
        put(&manifest, errand::manifest(packages).as_bytes())?;
        put(&lockfile, errand::lockfile(packages).as_bytes())?;
        Ok((manifest, lockfile))
    }

    /// Brings what cargo has from git. The databases are the user's own, so that nothing travels twice. Each checkout that is
    /// there is at hand, and a new one is made here, where nobody builds from it.
    fn bring_git(&self) -> Result<(), Error> {
        let theirs = self.user.join("git");
        if !theirs.join("db").is_dir() {
            return Ok(());
        }
        let ours = self.path().join("git");
        make_folder(&ours)?;
        // What cannot be linked to is cloned and checked out again.
        let _ = link_directory(&theirs.join("db"), &ours.join("db"));
        let folders = |path: &Path| fs::read_dir(path).into_iter().flatten().filter_map(io::Result::ok);
        for repository in folders(&theirs.join("checkouts")) {
            let checkouts = ours.join("checkouts").join(repository.file_name());
            make_folder(&checkouts)?;
            for checkout in folders(&repository.path()) {
                let _ = link_directory(&checkout.path(), &checkouts.join(checkout.file_name()));
            }
        }
        Ok(())
    }

    fn below(&self, parts: &[&str]) -> PathBuf {
        parts.iter().fold(self.path().to_owned(), |path, part| path.join(part))
    }

    /// Copies the configuration of the user's cargo home, unless cargo finds that anyway on its way up from `directory`:
    /// read twice, its lists would be twice as long.
    fn bring_configuration(&self, directory: &Path) -> Result<(), Error> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let user = real(&self.user);
        if real(directory).ancestors().any(|above| real(&above.join(".cargo")) == user) {
            return Ok(());
        }
        // Cargo takes the first one that is there.
        let files = ["config", "config.toml"].map(|name| self.user.join(name));
        let Some(file) = files.iter().find(|file| file.is_file()) else { return Ok(()) };
        let stays = |path: &Path| path.to_owned();
        let copied = configuration::rewritten(&read_text(file)?, file, &stays, &|_| false, &BTreeSet::new())?;
        put(&self.path().join("config.toml"), copied.as_bytes())
    }
}

impl Drop for ScratchHome {
    fn drop(&mut self) {
        // Whatever may hinder the removal of the rest.
        for name in CREDENTIALS {
            let _ = fs::remove_file(self.path().join(name));
        }
    }
}

/// An empty repository at `ours` that finds the objects and branches of the index repository `theirs`, so that cargo can
/// read that and never writes there.
fn borrow_repository(theirs: &Path, ours: &Path) -> Result<(), Error> {
    let objects = theirs.join("objects");
    put(&ours.join("HEAD"), b"ref: refs/heads/master\n")?;
    put(&ours.join("config"), b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n")?;
    put(&ours.join("objects/info/alternates"), format!("{}\n", objects.display()).as_bytes())?;
    make_folder(&ours.join("refs"))?;
    for name in ["packed-refs", "shallow"] {
        if theirs.join(name).is_file() {
            put(&ours.join(name), read_text(&theirs.join(name))?.as_bytes())?;
        }
    }
    // Cargo keeps what it fetched as `refs/remotes/origin/…` (`sources/git/fetch`).
    let branches = Path::new("refs/remotes/origin");
    for branch in fs::read_dir(theirs.join(branches)).into_iter().flatten().filter_map(io::Result::ok) {
        if branch.file_type().is_ok_and(|kind| kind.is_file()) {
            let text = read_text(&branch.path())?;
            put(&ours.join(branches).join(branch.file_name()), text.as_bytes())?;
        }
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    fs::write(path, bytes).map_err(|source| Error::file("write", path, source))
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|source| Error::file("create", folder, source))
}

#[cfg(unix)]
fn link_file(to: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

// Symbolic links need a privilege there. Another name of the same file does not, and is no copy either.
#[cfg(not(unix))]
fn link_file(to: &Path, link: &Path) -> io::Result<()> {
    fs::hard_link(to, link)
}

#[cfg(unix)]
fn link_directory(to: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, link)
}

#[cfg(windows)]
fn link_directory(to: &Path, link: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(to, link)
}

#[cfg(not(any(unix, windows)))]
fn link_directory(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A user with a cargo home and a workspace.
    struct User(tempfile::TempDir);

    impl User {
        fn new(files: &[(&str, &str)]) -> Self {
            let user = Self(tempfile::tempdir().expect("a scratch directory"));
            for (path, text) in files {
                put(&user.path(path), text.as_bytes()).expect("written");
            }
            user
        }

        fn path(&self, path: &str) -> PathBuf {
            self.0.path().canonicalize().expect("there").join(path)
        }

        fn home(&self, cargo_home: &str, directory: &str) -> ScratchHome {
            fs::create_dir_all(self.path(directory)).expect("a directory");
            ScratchHome::make(&self.path(cargo_home), &self.path(directory), Clock(0)).expect("made")
        }
    }

    const CONFIG: &str = "include = [\"more.toml\"]\n[http]\ncainfo = \"ca.pem\"\n[registry]\nglobal-credential-providers = [\"bin/get x\"]\n\
                          [source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"vendored\"\n";

    #[test]
    fn the_configuration_of_the_user_is_in_force_with_the_same_meaning() {
        let user = User::new(&[("me/home/config.toml", CONFIG), ("me/home/more.toml", "")]);
        let home = user.home("me/home", "ws");
        let text = fs::read_to_string(home.path().join("config.toml")).expect("copied");
        for path in ["me/home/more.toml", "me/ca.pem", "me/bin/get x", "me/vendored"] {
            let path = user.path(path);
            assert!(text.contains(&format!("\"{}\"", path.display())), "{path:?} in {text}");
        }
        // A user's own directory stays in the place of the registry.
        assert!(text.contains("replace-with"), "{text}");
    }

    #[test]
    fn configuration_that_cargo_finds_anyway_is_not_in_force_twice() {
        for (directory, copied) in [("me/ws", false), ("me", false), ("elsewhere", true)] {
            let user = User::new(&[("me/.cargo/config.toml", "")]);
            let home = user.home("me/.cargo", directory);
            assert_eq!(home.path().join("config.toml").exists(), copied, "{directory}");
        }
        // Cargo takes the file without an extension first.
        let user =
            User::new(&[("home/config", "paths = [\"one\"]\n"), ("home/config.toml", "paths = [\"two\"]\n")]);
        let home = user.home("home", "ws");
        let text = fs::read_to_string(home.path().join("config.toml")).expect("copied");
        assert!(text.contains("one") && !text.contains("two"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn credentials_are_links_and_are_gone_with_the_home() {
        let files = ["home/git/db/x", "home/git/checkouts/r-0/abc/y"].map(|path| (path, ""));
        let user = User::new(&[&files[..], &[("home/credentials.toml", "secret")]].concat());
        let home = user.home("home", "ws");
        let (credentials, git) = (home.path().join("credentials.toml"), home.path().join("git"));
        assert!(credentials.is_symlink() && git.join("db").is_symlink());
        // A new checkout is made here, and those that are there are at hand.
        assert!(!git.join("checkouts/r-0").is_symlink() && git.join("checkouts/r-0/abc").is_symlink());
        assert_eq!(fs::read_to_string(&credentials).expect("at hand"), "secret");
        let path = home.path().to_owned();
        drop(home);
        assert!(!path.exists());
        assert_eq!(fs::read_to_string(user.path("home/credentials.toml")).expect("untouched"), "secret");
        assert!(user.path("home/git/db/x").exists() && user.path("home/git/checkouts/r-0/abc/y").exists());
    }

    #[test]
    fn what_lies_here_has_its_place_in_the_users_home() {
        let user = User::new(&[("home/config.toml", "")]);
        let home = user.home("home", "ws");
        let here = home.path().join("registry/cache/host-0/a-1.0.0.crate");
        assert_eq!(home.place(&here), Some(user.path("home/registry/cache/host-0/a-1.0.0.crate")));
        assert_eq!(home.place(&user.path("home/x")), None);
    }
}
