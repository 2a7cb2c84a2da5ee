//! Small workspaces with third-party packages that cargo takes for those of crates.io, without a network.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use cargo_provenance::audit::Tree;
use tests::files::write;
use tests::process::Run;

use crate::chance::Chance;

/// Names of packages that lie where crates.io is replaced; each may depend on those behind it.
pub const NAMES: &[&str] = &["ant", "bee", "cat", "dog", "eel", "fox"];
/// Their versions.
pub const VERSIONS: &[&str] = &["1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0"];

type Chosen = BTreeMap<&'static str, [&'static str; 2]>;

/// A workspace on the disk.
pub struct Workspace {
    pub root: PathBuf,
    pub tree: Tree,
    /// The commit of the package that comes from git.
    pub commit: String,
}

impl Workspace {
    /// Makes a workspace in a folder that does not exist yet.
    pub fn make(root: &Path, environment: &BTreeMap<String, String>, chance: &mut Chance) -> Self {
        let vendor = root.join("vendor");
        // Cargo takes one of the versions that could stand for each other.
        let mut chosen =
            || NAMES.iter().map(|name| (*name, [VERSIONS[chance.below(3)], VERSIONS[3]])).collect();
        let chosen: Chosen = chosen();
        for (index, name) in NAMES.iter().enumerate() {
            for version in VERSIONS {
                vendored(&vendor, name, version, &NAMES[index + 1..], &chosen, chance);
            }
        }
        let commit = repository(&root.join("git"), environment);
        write(
            &root.join("work/.cargo/config.toml"),
            format!(
                "[source.crates-io]\nreplace-with = \"vendored\"\n[source.vendored]\ndirectory = {:?}\n",
                vendor.display().to_string()
            ),
        );
        write(
            &root.join("beside/Cargo.toml"),
            manifest("beside", "1.0.0", &dependencies(&NAMES[3..], &chosen, chance, false)),
        );
        write(&root.join("beside/src/lib.rs"), "");
        let members = ["app", "part", "tool"];
        for (index, member) in members.iter().enumerate() {
            let mut text = dependencies(NAMES, &chosen, chance, true);
            for other in &members[index + 1..] {
                if chance.percent(40) {
                    let kind = ["dependencies", "build-dependencies", "dev-dependencies"][chance.below(3)];
                    writeln!(text, "[{kind}.{other}]\npath = \"../{other}\"").expect("a string");
                }
            }
            // A cycle that only tests make.
            if index > 0 && chance.percent(20) {
                writeln!(text, "[dev-dependencies.app]\npath = \"../app\"").expect("a string");
            }
            if chance.percent(50) {
                writeln!(text, "[dependencies.beside]\npath = \"../../beside\"").expect("a string");
            }
            if chance.percent(40) {
                let url = format!("file://{}", root.join("git").display());
                writeln!(text, "[dependencies.gnu]\ngit = {url:?}").expect("a string");
            }
            write(&root.join("work").join(member).join("Cargo.toml"), manifest(member, "0.1.0", &text));
            write(&root.join("work").join(member).join("src/lib.rs"), "");
        }
        write(
            &root.join("work/Cargo.toml"),
            "[workspace]\nresolver = \"2\"\nmembers = [\"app\", \"part\", \"tool\"]\n",
        );
        let work = root.join("work");
        cargo(&work, environment).args(["generate-lockfile"]).ok();
        let described = cargo(&work, environment)
            .args(["metadata", "--format-version=1", "--all-features", "--locked"])
            .env("CARGO_NET_OFFLINE", "true")
            .ok();
        let metadata: Metadata = serde_json::from_str(&described.stdout).expect("what cargo prints");
        Self { tree: Tree::of(&metadata).expect("a graph"), root: work, commit }
    }
}

/// Cargo with nothing but this environment.
pub fn cargo(directory: &Path, environment: &BTreeMap<String, String>) -> Run {
    with(Run::new(Path::new(&environment["CARGO"]), directory), environment)
}

/// A program with nothing but this environment.
pub fn with(run: Run, environment: &BTreeMap<String, String>) -> Run {
    environment.iter().fold(run, |run, (name, value)| run.env(name, value))
}

fn vendored(vendor: &Path, name: &str, version: &str, later: &[&str], chosen: &Chosen, chance: &mut Chance) {
    let folder = vendor.join(format!("{name}-{version}"));
    write(&folder.join("Cargo.toml"), manifest(name, version, &dependencies(later, chosen, chance, false)));
    write(&folder.join("src/lib.rs"), "");
    write(
        &folder.join(".cargo-checksum.json"),
        format!("{{\"files\":{{}},\"package\":{:?}}}", "0".repeat(64)),
    );
}

fn repository(folder: &Path, environment: &BTreeMap<String, String>) -> String {
    write(&folder.join("Cargo.toml"), manifest("gnu", "1.0.0", ""));
    write(&folder.join("src/lib.rs"), "");
    let git = |arguments: &[&str]| {
        let run = Run::new(Path::new(&environment["GIT"]), folder);
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        with(run, environment).args(identity).args(arguments).ok().stdout
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=first"]);
    git(&["rev-parse", "HEAD"]).trim().to_owned()
}

fn manifest(name: &str, version: &str, rest: &str) -> String {
    format!("[package]\nname = {name:?}\nversion = {version:?}\nedition = \"2021\"\n{rest}")
}

// Each name in one section at most: cargo would take the strictest of several.
fn dependencies(names: &[&str], chosen: &Chosen, chance: &mut Chance, for_member: bool) -> String {
    let mut text = String::new();
    for name in names {
        if !chance.percent(if for_member { 35 } else { 40 }) {
            continue;
        }
        let kind = match chance.below(if for_member { 4 } else { 3 }) {
            0 | 1 => "dependencies",
            2 => "build-dependencies",
            _ => "dev-dependencies",
        };
        let version = chosen[name][chance.below(2)];
        writeln!(text, "[{kind}.{name}]\nversion = \"={version}\"").expect("a string");
    }
    text
}
