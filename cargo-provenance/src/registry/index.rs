//! Finds the index caches of a registry below the cargo home.
//!
//! Cargo keeps them in `registry/index/HOST-HASH/.cache`. The hash is not computed: it changed between cargo versions,
//! and several directories may stand side by side. So every directory of the host is read, and they must not
//! contradict each other.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use provenance_build::{PackageName, Source, Version};

use super::bounded;
use crate::index::excerpt::{self, Dependencies};
use crate::index::{Entries, parse_cache, parse_lines};
use crate::model::Evidence;

// The directories of the git index of crates.io, from cargo's own tests (`test_cratesio_hash`): since 1.85, and before.
const CRATES_IO_GIT: [&str; 2] = ["github.com-25cdd57fae9f0462", "github.com-1ecc6299db9ec823"];

/// The index caches below a cargo home.
#[derive(Clone, Debug)]
pub struct Index {
    directory: PathBuf,
}

/// What one directory's cache says of some versions of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The directory's name: `HOST-HASH`.
    pub directory: OsString,
    /// The place of the package's file below the directory's `.cache`.
    pub place: PathBuf,
    /// The file.
    pub cache: Vec<u8>,
}

/// Which directories hold the index of a registry.
#[derive(Debug, PartialEq, Eq)]
enum Registry<'a> {
    /// crates.io, whichever protocol fetched it: all its directories are about the same packages.
    CratesIo,
    /// A registry at this host; other registries may live at the same host.
    Host(&'a str),
}

impl Index {
    /// The caches below `cargo_home`; nothing is read yet.
    pub fn open(cargo_home: &Path) -> Self {
        Self { directory: cargo_home.join("registry").join("index") }
    }

    /// Whether what is cached of two indices cannot be told apart.
    pub fn share_caches(one: &str, other: &str) -> bool {
        Registry::of(one) == Registry::of(other)
    }

    /// What the index of `source` says about `name`. [`Evidence::Unavailable`] where cargo has not cached it: an index
    /// that was not asked cannot say that a package does not exist.
    pub fn entries(&self, source: &Source, name: &PackageName) -> Evidence<Entries> {
        self.entries_at(source.url(), name)
    }

    /// What the index at `url` says about `name`: for a source that is replaced by another registry.
    pub fn entries_at(&self, url: &str, name: &PackageName) -> Evidence<Entries> {
        let registry = Registry::of(url);
        let mut found = vec![];
        for directory in self.directories(&registry) {
            let file = directory.join(".cache").join(place(name));
            match fs::metadata(&file).and_then(|metadata| metadata.modified()) {
                Ok(modified) => found.push((modified, file)),
                // Nothing there: this directory has not been asked for the package.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return unreadable(&file, &error.to_string()),
            }
        }
        found.sort_by_key(|(modified, _)| std::cmp::Reverse(*modified));
        let mut caches = vec![];
        for (_, file) in &found {
            let read = bounded::read(file, bounded::INDEX_BYTES).map_err(|error| error.to_string());
            match read.and_then(|bytes| parse_cache(&bytes, name)) {
                Ok(entries) => caches.push(entries),
                // An older one that cannot be read, say of a cargo that is long gone, says nothing. The newest decides.
                Err(why) if caches.is_empty() => return unreadable(file, &why),
                Err(_) => {}
            }
        }
        match merge(caches, &registry) {
            Some(entries) => Evidence::Known(entries),
            None => {
                Evidence::Unavailable(format!("cargo has not cached what the registry says about `{name}`"))
            }
        }
    }

    /// What the caches of the index at `url` say of some versions of `name`, one for each directory that has any of them.
    pub fn excerpts(
        &self,
        url: &str,
        name: &PackageName,
        versions: &BTreeSet<&Version>,
        dependencies: Dependencies,
    ) -> Vec<Excerpt> {
        let place = place(name);
        let excerpt = |directory: PathBuf| {
            let file = directory.join(".cache").join(&place);
            let cache = bounded::read(&file, bounded::INDEX_BYTES).ok()?;
            let cache = excerpt::of(&cache, versions, dependencies)?;
            Some(Excerpt { directory: directory.file_name()?.to_owned(), place: place.clone(), cache })
        };
        self.directories(&Registry::of(url)).into_iter().filter_map(excerpt).collect()
    }

    /// When cargo last wrote what the index at `url` says about `name`, in seconds since the Unix epoch. It may have asked
    /// again since: what did not change is not written again.
    pub fn written_at(&self, url: &str, name: &PackageName) -> Option<u64> {
        let place = place(name);
        let caches =
            self.directories(&Registry::of(url)).into_iter().map(|it| it.join(".cache").join(&place));
        let times =
            caches.filter_map(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok());
        times.max()?.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
    }

    fn directories(&self, registry: &Registry<'_>) -> Vec<PathBuf> {
        let listed = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        listed
            .filter(|entry| entry.file_name().to_str().is_some_and(|name| registry.owns(name)))
            .map(|entry| entry.path())
            .collect()
    }
}

/// What the index of a local registry (a directory of archives) says about `name`.
pub fn local_entries(directory: &Path, name: &PackageName) -> Evidence<Entries> {
    let file = directory.join("index").join(place(name));
    match bounded::read(&file, bounded::INDEX_BYTES) {
        Ok(bytes) => Evidence::Known(parse_lines(&bytes, name)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Evidence::Absent,
        Err(error) => unreadable(&file, &error.to_string()),
    }
}

impl<'a> Registry<'a> {
    fn of(url: &'a str) -> Self {
        let url = url.strip_prefix("sparse+").or_else(|| url.strip_prefix("registry+")).unwrap_or(url);
        match url.trim_end_matches('/') {
            "https://github.com/rust-lang/crates.io-index" | "https://index.crates.io" => Self::CratesIo,
            _ => Self::Host(host(url)),
        }
    }

    // Cargo's `short_name`: the host, a dash, sixteen hex digits, and `-shallow` for a shallow git clone.
    fn owns(&self, directory: &str) -> bool {
        let directory = directory.strip_suffix("-shallow").unwrap_or(directory);
        let Some((host, hash)) = directory.rsplit_once('-') else { return false };
        if hash.len() != 16 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return false;
        }
        let crates_io = host == "index.crates.io" || CRATES_IO_GIT.contains(&directory);
        match self {
            Self::CratesIo => crates_io,
            Self::Host(expected) => !crates_io && host.eq_ignore_ascii_case(expected),
        }
    }
}

// The host of a URL without user and port; empty for `file://`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
    match address.find(']') {
        Some(end) => &address[..=end],
        None => address.split(':').next().unwrap_or(address),
    }
}

// `make_dep_path` of cargo's registry index documentation: `1/a`, `2/ab`, `3/a/abc`, `ab/cd/abcd`, in lowercase.
fn place(name: &PackageName) -> PathBuf {
    let name = name.as_str().to_ascii_lowercase();
    match name.len() {
        1 => ["1", &name].iter().collect(),
        2 => ["2", &name].iter().collect(),
        3 => ["3", &name[..1], &name].iter().collect(),
        _ => [&name[..2], &name[2..4], &name].iter().collect(),
    }
}

// Brings together what several caches say, newest first. Different bytes for one version are a contradiction. Of
// crates.io the newest cache is the one that knows which versions there are; at any other host the directories may
// belong to different registries, so that a version counts as there when any has it, and as yanked when any says so.
fn merge(caches: Vec<Entries>, registry: &Registry<'_>) -> Option<Entries> {
    let mut caches = caches.into_iter();
    let mut newest = caches.next()?;
    for older in caches {
        newest.odd.extend(older.odd);
        for entry in older.versions {
            match newest.versions.iter_mut().find(|known| known.version == entry.version) {
                Some(known) if known.checksum != entry.checksum => {
                    newest.contradict(&entry.version, "two caches of the index have it with different bytes");
                }
                Some(known) if matches!(registry, Registry::Host(_)) => {
                    known.yanked |= entry.yanked;
                    known.published = known.published.max(entry.published);
                }
                None if matches!(registry, Registry::Host(_)) => newest.versions.push(entry),
                Some(_) | None => {}
            }
        }
    }
    Some(newest.without_contradictions())
}

fn unreadable(file: &Path, why: &str) -> Evidence<Entries> {
    Evidence::Unavailable(format!("`{}` cannot be read: {why}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use provenance_build::{Version, name::CRATES_IO};

    use super::*;
    use crate::index::OddKind;
    use crate::samples::{line, write_cache};

    struct Home(tempfile::TempDir);

    impl Home {
        fn new() -> Self {
            Self(tempfile::tempdir().expect("temp"))
        }

        // A cache with these versions and checksum bytes, so many seconds old.
        fn cache(&self, directory: &str, age: u64, records: &[(&str, &str)]) {
            let lines = records.iter().map(|(v, byte)| (*v, line("serde", v, byte))).collect::<Vec<_>>();
            let records = lines.iter().map(|(v, line)| (*v, line.as_str())).collect::<Vec<_>>();
            self.file(directory, age, &write_cache(&records));
        }

        fn file(&self, directory: &str, age: u64, bytes: &[u8]) {
            let folder = self.0.path().join("registry/index").join(directory).join(".cache/se/rd");
            fs::create_dir_all(&folder).expect("create");
            let file = fs::File::create(folder.join("serde")).expect("create");
            std::io::Write::write_all(&mut &file, bytes).expect("write");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 - age);
            file.set_modified(time).expect("time");
        }

        fn look(&self, source: &str) -> Evidence<Entries> {
            let source = Source::parse(source).expect("valid");
            Index::open(self.0.path()).entries(&source, &PackageName::parse("serde").expect("valid"))
        }
    }

    fn versions(evidence: &Evidence<Entries>) -> Vec<&str> {
        evidence.known().expect("known").versions.iter().map(|entry| entry.version.as_str()).collect()
    }

    #[test]
    fn the_directories_of_a_registry_are_known_by_its_host() {
        let cases = [
            ("https://github.com/rust-lang/crates.io-index", "index.crates.io-1949cf8c6b5b557f", true),
            ("sparse+https://index.crates.io/", "index.crates.io-6f17d22bba15001f", true),
            ("https://github.com/rust-lang/crates.io-index", "github.com-25cdd57fae9f0462-shallow", true),
            ("https://github.com/rust-lang/crates.io-index", "github.com-0000000000000000", false),
            ("https://github.com/corp/index", "github.com-0000000000000000", true),
            ("https://github.com/corp/index", "github.com-25cdd57fae9f0462", false),
            ("https://user:pw@My-Host.example:8080/index", "my-host.example-0123456789abcdef", true),
            ("http://[::1]:80/x", "[::1]-0123456789abcdef", true),
            ("http://127.0.0.1:80/x", "127.0.0.1-0123456789abcdef", true),
            ("file:///srv/index", "-9b13a31df11f8c63", true),
            ("file:///srv/index", "x-9b13a31df11f8c63", false),
            ("https://my.example/", "my.example", false),
            ("https://my.example/", "my.example-0123456789ABCDEF", false),
        ];
        for (url, directory, expected) in cases {
            assert_eq!(Registry::of(url).owns(directory), expected, "{url} {directory}");
        }
    }

    #[test]
    fn names_are_looked_up_where_cargo_puts_them() {
        for (name, path) in
            [("a", "1/a"), ("ab", "2/ab"), ("Abc", "3/a/abc"), ("Serde_json", "se/rd/serde_json")]
        {
            assert_eq!(place(&PackageName::parse(name).expect("valid")), Path::new(path));
        }
    }

    #[test]
    fn what_was_never_asked_is_unavailable() {
        let home = Home::new();
        assert!(matches!(home.look(CRATES_IO), Evidence::Unavailable(_)));
        home.cache("my.example-0123456789abcdef", 0, &[("1.0.0", "aa")]);
        assert!(matches!(home.look(CRATES_IO), Evidence::Unavailable(_)));
        assert_eq!(versions(&home.look("sparse+https://my.example/index/")), ["1.0.0"]);
    }

    #[test]
    fn the_newest_cache_of_crates_io_knows_what_vanished() {
        let home = Home::new();
        home.cache("index.crates.io-6f17d22bba15001f", 100, &[("1.0.0", "aa"), ("1.1.0", "bb")]);
        home.cache("index.crates.io-1949cf8c6b5b557f", 0, &[("1.0.0", "aa")]);
        assert_eq!(versions(&home.look(CRATES_IO)), ["1.0.0"]);
    }

    #[test]
    fn caches_that_contradict_each_other_are_not_believed() {
        let home = Home::new();
        home.cache("index.crates.io-1949cf8c6b5b557f", 0, &[("1.0.0", "aa"), ("1.1.0", "bb")]);
        home.cache("github.com-25cdd57fae9f0462", 100, &[("1.0.0", "cc"), ("1.1.0", "bb")]);
        let evidence = home.look(CRATES_IO);
        assert_eq!(versions(&evidence), ["1.1.0"]);
        let odd = &evidence.known().expect("known").odd[0];
        assert_eq!((odd.kind, odd.version.clone()), (OddKind::Contradiction, Version::parse("1.0.0")));
    }

    #[test]
    fn registries_that_share_a_host_are_taken_together() {
        let home = Home::new();
        home.cache("my.example-0123456789abcdef", 0, &[("1.0.0", "aa")]);
        home.cache("my.example-fedcba9876543210", 100, &[("1.0.0", "aa"), ("2.0.0", "bb")]);
        assert_eq!(versions(&home.look("registry+https://my.example/git/index")), ["1.0.0", "2.0.0"]);
    }

    #[test]
    fn a_damaged_cache_is_not_hidden_by_an_older_one() {
        let home = Home::new();
        home.cache("index.crates.io-6f17d22bba15001f", 100, &[("1.0.0", "aa")]);
        home.file("index.crates.io-1949cf8c6b5b557f", 0, b"\x04");
        assert!(matches!(home.look(CRATES_IO), Evidence::Unavailable(_)));
        home.file("index.crates.io-1949cf8c6b5b557f", 200, b"\x04");
        assert_eq!(versions(&home.look(CRATES_IO)), ["1.0.0"]);
    }

    #[test]
    fn a_local_registry_knows_what_it_does_not_have() {
        let directory = tempfile::tempdir().expect("temp");
        let name = PackageName::parse("serde").expect("valid");
        assert_eq!(local_entries(directory.path(), &name), Evidence::Absent);
        fs::create_dir_all(directory.path().join("index/se/rd")).expect("create");
        fs::write(directory.path().join("index/se/rd/serde"), line("serde", "1.0.0", "aa")).expect("write");
        assert_eq!(versions(&local_entries(directory.path(), &name)), ["1.0.0"]);
    }
}
