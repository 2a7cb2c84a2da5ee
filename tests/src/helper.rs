//! `provenance-build` as sandboxes see it: a copy of its sources, and its real dependencies for the local registry.
//!
//! The archives of the dependencies come from the cargo home that built this workspace, so that nothing is downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::files;
use crate::krate::{DAYS, Krate, days_ago, sha256};
use crate::registry::index_file;
use crate::sandbox::outer;

/// The helper's dependencies that its feature `signatures` brings in.
const OPTIONAL: [&str; 2] = ["ed25519-dalek", "sha2"];

/// The helper's package name.
pub const NAME: &str = "provenance-build";

/// One published dependency of the helper.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) line: Value,
    pub(crate) archive: Vec<u8>,
}

/// Puts a copy of the helper below `directory` and returns its package directory. Of its features none is on by default:
/// most tests have no use for signatures, and would wait for 20 more packages to be compiled without optimisation.
pub(crate) fn copy_to(directory: &Path) -> PathBuf {
    let workspace = outer::workspace();
    let manifest = files::read(&workspace.join("Cargo.toml"));
    let manifest: Vec<&str> = manifest
        .lines()
        .map(|line| if line.starts_with("members = [") { "members = [\"provenance-build\"]" } else { line })
        .collect();
    assert!(manifest.contains(&"members = [\"provenance-build\"]"), "the members stand on one line");
    files::write(&directory.join("Cargo.toml"), manifest.join("\n"));
    let package = directory.join(NAME);
    for (path, bytes) in sources(&workspace.join(NAME)) {
        files::write(&package.join(path), bytes);
    }
    files::replace(&package.join("Cargo.toml"), "default = [\"signatures\"]", "default = []");
    package
}

/// The helper as it will be published.
pub fn krate() -> Krate {
    let locked = locked();
    let version = &locked.iter().find(|it| it.name == NAME).expect("a locked helper").version;
    let mut krate = Krate::new(NAME, version);
    for (path, bytes) in sources(&outer::workspace().join(NAME)) {
        if path != "Cargo.toml" {
            krate = krate.file(&path, &String::from_utf8(bytes).expect("sources are UTF-8"));
        }
    }
    let mut optional = vec![];
    for name in direct_dependencies() {
        let found = locked.iter().find(|it| it.name == name).expect("a locked dependency");
        // What is optional stands in the workspace's manifest without default features.
        if OPTIONAL.contains(&&*name) {
            optional.push(format!("dep:{name}"));
            krate = krate.optional_dependency(&name, &found.version).without_default_features();
        } else {
            krate = krate.dependency(&name, &found.version);
        }
    }
    let optional = optional.iter().map(String::as_str).collect::<Vec<_>>();
    krate.feature("signatures", &optional).feature("default", &["signatures"]).edition("2024")
}

/// The helper's dependencies, transitive ones included, as the locked registry serves them.
pub(crate) fn dependencies() -> Vec<Published> {
    let locked = locked();
    let mut wanted = direct_dependencies();
    let mut seen = BTreeSet::new();
    let mut published = vec![];
    while let Some(reference) = wanted.pop() {
        let mut words = reference.split(' ');
        let name = words.next().unwrap_or_default();
        let version = words.next();
        let package = locked
            .iter()
            .find(|it| it.name == name && version.is_none_or(|version| it.version == version))
            .unwrap_or_else(|| panic!("`{reference}` is not in the lockfile"));
        if seen.insert((package.name.clone(), package.version.clone())) {
            wanted.extend(package.dependencies.iter().cloned());
            published.push(package.published());
        }
    }
    published
}

struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
    dependencies: Vec<String>,
}

impl Locked {
    /// The archive and its index line; panics where the cargo home does not hold them.
    fn published(&self) -> Published {
        let Self { name, version, checksum, .. } = self;
        let file = format!("{name}-{version}.crate");
        let archive = in_registry("cache", &file)
            .unwrap_or_else(|| panic!("`{file}` is not in the cargo home: run `cargo fetch --locked` first"));
        assert_eq!(
            checksum.as_deref(),
            Some(sha256(&archive).as_str()),
            "{file} is not what the lockfile says"
        );
        let record = in_registry("index", &format!(".cache/{}", index_file(name))).unwrap_or_else(|| {
            panic!("`{name}` is not in the index cache: run `cargo fetch --locked` first")
        });
        // The cache is a header and then, for each version, its number and its line, each ended by a zero byte.
        let mut line = record
            .split(|&byte| byte == 0)
            .filter_map(|chunk| serde_json::from_slice::<Value>(chunk).ok())
            .find(|line| line["vers"] == **version)
            .unwrap_or_else(|| panic!("`{name} {version}` is not in the index cache"));
        // What changes at the real registry must not change what is tested here.
        line["yanked"] = json!(false);
        line["pubtime"] = json!(days_ago(DAYS));
        Published { line, archive }
    }
}

fn locked() -> Vec<Locked> {
    let text = files::read(&outer::workspace().join("Cargo.lock"));
    text.split("[[package]]").skip(1).map(parse_locked).collect()
}

fn parse_locked(text: &str) -> Locked {
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|value| value.trim_matches('"').to_owned())
    };
    let dependencies = text.split_once("dependencies = [").map_or("", |(_, rest)| rest);
    let dependencies = dependencies.split_once(']').map_or("", |(list, _)| list);
    Locked {
        name: value("name").expect("a locked package has a name"),
        version: value("version").expect("a locked package has a version"),
        checksum: value("checksum"),
        dependencies: dependencies.split('"').skip(1).step_by(2).map(str::to_owned).collect(),
    }
}

/// The names in the helper's `[dependencies]`.
fn direct_dependencies() -> Vec<String> {
    let manifest = files::read(&outer::workspace().join(NAME).join("Cargo.toml"));
    let (_, table) = manifest.split_once("\n[dependencies]\n").expect("the helper has dependencies");
    let table = table.split_once("\n[").map_or(table, |(table, _)| table);
    let names: Vec<String> = table
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphabetic()))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned())
        .collect();
    assert!(!names.is_empty(), "the helper has dependencies");
    names
}

/// The files of the helper that `cargo package` would take, by their relative path.
fn sources(package: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for top in ["Cargo.toml", "README.md", "src"] {
        for path in files::list(&package.join(top)) {
            let relative = path.strip_prefix(package).expect("a path below the package");
            let relative = relative.to_str().expect("a UTF-8 path").to_owned();
            found.insert(relative, fs::read(&path).expect("a readable source"));
        }
    }
    found
}

fn in_registry(kind: &str, file: &str) -> Option<Vec<u8>> {
    let hosts = fs::read_dir(outer::cargo_home().join("registry").join(kind)).ok()?;
    hosts.flatten().find_map(|host| fs::read(host.path().join(file)).ok())
}
