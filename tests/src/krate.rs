//! Builds `.crate` archives and their index lines, the way `cargo publish` and a registry would.
//!
//! Everything that is put into one is inert: constants, and build scripts that leave a mark in the sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Read};
use std::time::{SystemTime, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use tar::EntryType;

/// So many days ago every crate was published that does not say otherwise: before any age gate, and so late that no version
/// after it comes out of a long silence.
pub const DAYS: u64 = 366;

/// A crate version that is to be published.
#[derive(Clone, Debug)]
pub struct Krate {
    name: String,
    version: String,
    files: BTreeMap<String, Vec<u8>>,
    entries: Vec<Entry>,
    zeros: Vec<(String, u64)>,
    programs: BTreeSet<String>,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
    proc_macro: bool,
    binary: bool,
    old_manifest: bool,
    edition: String,
    links: Option<String>,
    license: Option<String>,
    lines: Vec<String>,
    yanked: bool,
    published: Option<String>,
    archive: Option<Vec<u8>>,
    checksum: Option<String>,
}

/// A dependency of a [`Krate`].
#[derive(Clone, Debug)]
struct Dependency {
    name: String,
    requirement: String,
    kind: Kind,
    optional: bool,
    default_features: bool,
}

/// Where cargo writes down the commit.
const VCS: &str = ".cargo_vcs_info.json";

/// Whether the packaged files are those of the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tree {
    /// They are.
    Clean,
    /// They are not.
    Dirty,
}

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    Build,
}

/// An archive member that is not simply a file of the package.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name as it is written into the archive, without the leading directory.
    pub path: Vec<u8>,
    /// The type of the member.
    pub kind: EntryType,
    /// The target of a link.
    pub target: Option<String>,
    /// The content.
    pub content: Vec<u8>,
}

impl Krate {
    /// A library with an empty `src/lib.rs`.
    pub fn new(name: &str, version: &str) -> Self {
        let krate = Self {
            name: name.into(),
            version: version.into(),
            files: BTreeMap::new(),
            entries: vec![],
            zeros: vec![],
            programs: BTreeSet::new(),
            dependencies: vec![],
            features: BTreeMap::new(),
            proc_macro: false,
            binary: false,
            old_manifest: false,
            edition: "2021".into(),
            links: None,
            license: Some("MIT".into()),
            lines: vec![],
            yanked: false,
            published: Some(days_ago(DAYS)),
            archive: None,
            checksum: None,
        };
        krate.file("src/lib.rs", "").commit(Tree::Clean)
    }

    /// A library whose `greeting()` returns `text`.
    pub fn greeting(name: &str, version: &str, text: &str) -> Self {
        Self::new(name, version).file("src/lib.rs", &greeting_source(text))
    }

    /// Adds or replaces a file.
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// Adds a file with the executable bit.
    pub fn program(mut self, path: &str, content: &str) -> Self {
        self.programs.insert(path.into());
        self.file(path, content)
    }

    /// Adds an archive member of any kind.
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a file of so many zeros, which take next to no room in the archive.
    pub fn zeros(mut self, path: &str, bytes: u64) -> Self {
        self.zeros.push((path.into(), bytes));
        self
    }

    /// Adds a normal dependency.
    pub fn dependency(self, name: &str, requirement: &str) -> Self {
        self.depend(name, requirement, Kind::Normal, false)
    }

    /// Adds an optional dependency.
    pub fn optional_dependency(self, name: &str, requirement: &str) -> Self {
        self.depend(name, requirement, Kind::Normal, true)
    }

    /// Adds a build dependency.
    pub fn build_dependency(self, name: &str, requirement: &str) -> Self {
        self.depend(name, requirement, Kind::Build, false)
    }

    fn depend(mut self, name: &str, requirement: &str, kind: Kind, optional: bool) -> Self {
        self.dependencies.push(Dependency {
            name: name.into(),
            requirement: requirement.into(),
            kind,
            optional,
            default_features: true,
        });
        self
    }

    /// Asks for the dependency that was added last without its default features.
    pub fn without_default_features(mut self) -> Self {
        self.dependencies.last_mut().expect("a dependency").default_features = false;
        self
    }

    /// Adds a feature.
    pub fn feature(mut self, name: &str, enables: &[&str]) -> Self {
        self.features.insert(name.into(), enables.iter().map(|&it| it.to_owned()).collect());
        self
    }

    /// Makes it a procedural macro.
    pub fn proc_macro(mut self) -> Self {
        self.proc_macro = true;
        self
    }

    /// Gives it `src/main.rs` too.
    pub fn binary(mut self, main: &str) -> Self {
        self.binary = true;
        self.file("src/main.rs", main)
    }

    /// Gives it a build script.
    pub fn build_script(self, source: &str) -> Self {
        self.file("build.rs", source)
    }

    /// Writes the manifest as an old cargo did: targets and build scripts are found by their place.
    pub fn old_manifest(mut self) -> Self {
        self.old_manifest = true;
        self
    }

    /// Sets the edition; 2021 where nothing else is said.
    pub fn edition(mut self, edition: &str) -> Self {
        self.edition = edition.into();
        self
    }

    /// Sets `package.links`.
    pub fn links(mut self, links: &str) -> Self {
        self.links = Some(links.into());
        self
    }

    /// Sets `package.license`, which is `MIT` where nothing else is said.
    pub fn license(mut self, expression: Option<&str>) -> Self {
        self.license = expression.map(str::to_owned);
        self
    }

    /// Adds a line to `[package]`.
    pub fn package_line(mut self, line: &str) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Says that it was packaged from a commit, as cargo does.
    pub fn commit(self, tree: Tree) -> Self {
        let dirty = if tree == Tree::Dirty { ",\n    \"dirty\": true" } else { "" };
        let id = "0123456789abcdef0123456789abcdef01234567";
        let text =
            format!("{{\n  \"git\": {{\n    \"sha1\": \"{id}\"{dirty}\n  }},\n  \"path_in_vcs\": \"\"\n}}");
        self.file(VCS, &text)
    }

    /// Says nothing about a commit.
    pub fn without_commit(mut self) -> Self {
        self.files.remove(VCS);
        self
    }

    /// Packs the generated manifest as the one that the author wrote.
    pub fn with_original(self) -> Self {
        let manifest = self.manifest();
        self.file("Cargo.toml.orig", &manifest)
    }

    /// Publishes it as yanked.
    pub fn yanked(mut self) -> Self {
        self.yanked = true;
        self
    }

    /// Sets the publication time; `None` is a registry that does not tell.
    pub fn published(mut self, time: Option<&str>) -> Self {
        self.published = time.map(str::to_owned);
        self
    }

    /// Serves these bytes as the archive; the index states their real checksum.
    pub fn archive(mut self, bytes: Vec<u8>) -> Self {
        self.archive = Some(bytes);
        self
    }

    /// States this checksum in the index, whatever the archive is.
    pub fn checksum(mut self, hex: &str) -> Self {
        self.checksum = Some(hex.into());
        self
    }

    /// The crate's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The crate's version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The bytes of the `.crate`.
    pub fn to_archive(&self) -> Vec<u8> {
        if let Some(bytes) = &self.archive {
            return bytes.clone();
        }
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let root = format!("{}-{}", self.name, self.version);
        for (path, content) in self.all_files() {
            let mut header = header(EntryType::Regular, content.len() as u64);
            if self.programs.contains(&path) {
                header.set_mode(0o755);
            }
            builder
                .append_data(&mut header, format!("{root}/{path}"), &content[..])
                .expect("a writable archive");
        }
        for (path, bytes) in &self.zeros {
            let mut header = header(EntryType::Regular, *bytes);
            let zeros = io::repeat(0).take(*bytes);
            builder.append_data(&mut header, format!("{root}/{path}"), zeros).expect("a writable archive");
        }
        for entry in &self.entries {
            let mut header = header(entry.kind, entry.content.len() as u64);
            if let Some(target) = &entry.target {
                header.set_link_name(target).expect("a short link target");
            }
            // Names that the `tar` crate would refuse to write are what hostile archives hold.
            let mut name = format!("{root}/").into_bytes();
            name.extend_from_slice(&entry.path);
            let field = &mut header.as_old_mut().name;
            assert!(name.len() < field.len(), "the name of a raw entry has to fit its field");
            field[..name.len()].copy_from_slice(&name);
            header.set_cksum();
            builder.append(&header, &entry.content[..]).expect("a writable archive");
        }
        builder.into_inner().expect("a finished archive").finish().expect("a finished stream")
    }

    /// The files that [`Krate::to_archive`] packs, with the generated manifest.
    pub fn all_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files.clone();
        files.entry("Cargo.toml".into()).or_insert_with(|| self.manifest().into_bytes());
        files
    }

    /// The line of the index for `archive`.
    pub fn to_index_line(&self, archive: &[u8]) -> Value {
        let dependencies: Vec<Value> = self.dependencies.iter().map(Dependency::to_json).collect();
        let mut line = json!({
            "name": self.name,
            "vers": self.version,
            "deps": dependencies,
            "cksum": self.checksum.clone().unwrap_or_else(|| sha256(archive)),
            "features": self.features,
            "yanked": self.yanked,
        });
        if let Some(links) = &self.links {
            line["links"] = json!(links);
        }
        if let Some(time) = &self.published {
            line["pubtime"] = json!(time);
        }
        line
    }

    fn manifest(&self) -> String {
        let mut text = format!(
            "[package]\nedition = \"{}\"\nname = \"{}\"\nversion = \"{}\"\ndescription = \"inert test crate\"\n",
            self.edition, self.name, self.version
        );
        let mut line = |key: &str, value: &str| writeln!(text, "{key} = {value}").expect("a string grows");
        if let Some(license) = &self.license {
            line("license", &format!("{license:?}"));
        }
        if let Some(links) = &self.links {
            line("links", &format!("{links:?}"));
        }
        if !self.old_manifest {
            if !self.lines.iter().any(|line| line.starts_with("build =")) {
                line("build", if self.files.contains_key("build.rs") { "\"build.rs\"" } else { "false" });
            }
            for key in ["autolib", "autobins", "autoexamples", "autotests", "autobenches"] {
                line(key, "false");
            }
        }
        for line in &self.lines {
            writeln!(text, "{line}").expect("a string grows");
        }
        let library = self.name.replace('-', "_");
        if !self.old_manifest {
            writeln!(text, "\n[lib]\nname = \"{library}\"\npath = \"src/lib.rs\"").expect("a string grows");
            if self.binary {
                writeln!(text, "\n[[bin]]\nname = \"{}\"\npath = \"src/main.rs\"", self.name)
                    .expect("a string grows");
            }
        }
        if self.proc_macro {
            text.push_str(if self.old_manifest { "\n[lib]\nproc-macro = true\n" } else { "" });
            text = text.replacen("[lib]\nname", "[lib]\nproc-macro = true\nname", 1);
        }
        for dependency in &self.dependencies {
            let table = match dependency.kind {
                Kind::Normal => "dependencies",
                Kind::Build => "build-dependencies",
            };
            writeln!(text, "\n[{table}.{}]\nversion = \"{}\"", dependency.name, dependency.requirement)
                .expect("a string grows");
            if dependency.optional {
                text.push_str("optional = true\n");
            }
            if !dependency.default_features {
                text.push_str("default-features = false\n");
            }
        }
        if !self.features.is_empty() {
            text.push_str("\n[features]\n");
            for (name, enables) in &self.features {
                writeln!(text, "{name} = {enables:?}").expect("a string grows");
            }
        }
        text
    }
}

impl Dependency {
    fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "req": self.requirement,
            "features": [],
            "optional": self.optional,
            "default_features": self.default_features,
            "target": null,
            "kind": match self.kind { Kind::Normal => "normal", Kind::Build => "build" },
        })
    }
}

/// A library source whose `greeting()` returns `text`.
pub fn greeting_source(text: &str) -> String {
    format!("/// What to say.\npub fn greeting() -> &'static str {{\n    {text:?}\n}}\n")
}

/// A procedural macro whose `greeting!()` expands to the text that `dependency::greeting()` returns.
pub fn greeting_macro_source(dependency: &str) -> String {
    format!(
        "#[proc_macro]\npub fn greeting(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
         format!(\"{{:?}}\", {dependency}::greeting()).parse().unwrap()\n}}\n"
    )
}

/// A moment the way the index writes publication times (RFC 3339, UTC, whole seconds).
pub fn time(at: SystemTime) -> String {
    let seconds = at.duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let (mut year, mut day) = (1970, seconds / 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = |year| if leap(year) { 366 } else { 365 };
    while day >= days(year) {
        day -= days(year);
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", day + 1)
}

/// Lowercase hex SHA-256.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string grows");
        hex
    })
}

fn header(kind: EntryType, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    // The time cargo itself writes into archives (2006-07-24T01:21:28Z).
    header.set_mtime(1_153_704_088);
    header
}

/// A publication time that many days before now.
pub fn days_ago(days: u64) -> String {
    minutes_ago(days * 24 * 60)
}

/// A publication time that many minutes before now.
pub fn minutes_ago(minutes: u64) -> String {
    time(SystemTime::now() - std::time::Duration::from_secs(minutes * 60))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_the_index_writes_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_153_704_088, "2006-07-24T01:21:28Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
        ] {
            assert_eq!(time(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }
}
