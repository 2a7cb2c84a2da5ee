//! What a `Cargo.toml` declares, whether an author wrote it or `cargo package` made it of that.
//!
//! Every spelling that some cargo has read counts: a manifest of 2014 is compiled today as it stands.

use toml_edit::{Document, Item, TableLike};

use crate::model::DependencyKind;

/// What a manifest declares, as far as it decides what is compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// `package.name`.
    pub name: Field,
    /// `package.version`.
    pub version: Field,
    /// The dependencies of every target; sorted, each once.
    pub dependencies: Vec<Requirement>,
    /// The names of the features that are written down; sorted.
    pub features: Vec<String>,
    /// `package.links`.
    pub links: Option<String>,
    /// `package.build`.
    pub build: Build,
    /// Whether the library is a procedural macro.
    pub proc_macro: bool,
}

/// A dependency as a manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// What the manifest calls it.
    pub key: String,
    /// The package's own name, as far as this manifest says it.
    pub package: String,
    /// When it is used.
    pub kind: DependencyKind,
    /// Whether a feature brings it in.
    pub optional: bool,
    /// Where the rest of it stands.
    pub origin: Origin,
}

/// What a dependency says about where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `workspace = true`: the workspace's manifest has the package's name and version.
    Inherited,
    /// A path or a repository alone. `cargo package` leaves such a dev-dependency out.
    Unversioned,
    /// A version.
    Versioned,
}

/// A key that can be inherited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field {
    /// It is not there.
    #[default]
    Absent,
    /// It stands here.
    Given(String),
    /// `workspace = true`.
    Inherited,
}

/// Which build script a package has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Build {
    /// `build.rs`, if there is one.
    #[default]
    Default,
    /// `false`.
    Off,
    /// `true`: `build.rs`.
    On,
    /// These files, or build scripts of other packages (`metabuild`); cargo accepts several on nightly only.
    Scripts(Vec<String>),
}

impl Build {
    /// Whether a build script runs. `has_default` says whether a `build.rs` is there.
    pub fn runs(&self, has_default: bool) -> bool {
        match self {
            Self::Default => has_default,
            Self::Off => false,
            Self::On | Self::Scripts(_) => true,
        }
    }
}

/// Reads what `document` declares. A value that cargo would not accept counts as what it is nearest to.
pub(super) fn declared(document: &Document<&str>) -> Declared {
    let package = package(document);
    let of_package = |key| package.and_then(|package| package.get(key));
    let mut dependencies = vec![];
    collect_dependencies(Some(document.as_table()), &mut dependencies);
    for (_, target) in entries(document.get("target")) {
        collect_dependencies(target.as_table_like(), &mut dependencies);
    }
    dependencies.sort_unstable();
    dependencies.dedup();
    let mut features = entries(document.get("features")).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    features.sort_unstable();
    Declared {
        name: field(of_package("name")),
        version: field(of_package("version")),
        dependencies,
        features,
        links: of_package("links").and_then(Item::as_str).map(str::to_owned),
        build: build(of_package("build"), of_package("metabuild")),
        proc_macro: document.get("lib").and_then(Item::as_table_like).is_some_and(is_proc_macro),
    }
}

/// `[package]`, or `[project]`: the name that cargo gave to the table before 1.0, and still reads.
pub(super) fn package<'d>(document: &'d Document<&str>) -> Option<&'d dyn TableLike> {
    ["package", "project"].iter().find_map(|key| document.get(key)?.as_table_like())
}

fn field(item: Option<&Item>) -> Field {
    match item {
        Some(item) if is_inherited(item) => Field::Inherited,
        Some(item) => item.as_str().map_or(Field::Absent, |text| Field::Given(text.to_owned())),
        None => Field::Absent,
    }
}

fn is_inherited(item: &Item) -> bool {
    flag(item, "workspace")
}

fn flag(item: &Item, key: &str) -> bool {
    let value = item.as_table_like().and_then(|table| table.get(key));
    value.and_then(Item::as_bool) == Some(true)
}

pub(super) fn entries(item: Option<&Item>) -> impl Iterator<Item = (&str, &Item)> {
    item.and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter)
}

fn collect_dependencies(holder: Option<&dyn TableLike>, dependencies: &mut Vec<Requirement>) {
    for (kind, table) in holder.into_iter().flat_map(dependency_tables) {
        dependencies.extend(entries(Some(table)).map(|(key, item)| requirement(key, item, kind)));
    }
}

/// The tables of dependencies that a manifest or one of its targets holds.
pub(super) fn dependency_tables(holder: &dyn TableLike) -> impl Iterator<Item = (DependencyKind, &Item)> {
    const TABLES: [(DependencyKind, &[&str]); 3] = [
        (DependencyKind::Normal, &["dependencies"]),
        (DependencyKind::Build, &["build-dependencies", "build_dependencies"]),
        (DependencyKind::Dev, &["dev-dependencies", "dev_dependencies"]),
    ];
    // Cargo's `TomlManifest`: where both spellings are there, the first one counts.
    let table = |spellings: &[&str]| spellings.iter().find_map(|spelling| holder.get(spelling));
    TABLES.into_iter().filter_map(move |(kind, spellings)| Some((kind, table(spellings)?)))
}

fn requirement(key: &str, item: &Item, kind: DependencyKind) -> Requirement {
    let table = item.as_table_like();
    let text = |key| table.and_then(|table| table.get(key)).and_then(Item::as_str);
    let origin = match table {
        Some(_) if is_inherited(item) => Origin::Inherited,
        Some(table) if !table.contains_key("version") => Origin::Unversioned,
        _ => Origin::Versioned,
    };
    Requirement {
        key: key.to_owned(),
        package: text("package").unwrap_or(key).to_owned(),
        kind,
        optional: flag(item, "optional"),
        origin,
    }
}

// Cargo's `normalize_build`: `false` switches the script off, an absent key means `build.rs` if there is one.
fn build(build: Option<&Item>, metabuild: Option<&Item>) -> Build {
    let Some(item) = build.or(metabuild) else { return Build::Default };
    match item.as_bool() {
        Some(true) => Build::On,
        Some(false) => Build::Off,
        None => {
            let list = item.as_array().into_iter().flatten().filter_map(|script| script.as_str());
            Build::Scripts(item.as_str().into_iter().chain(list).map(str::to_owned).collect())
        }
    }
}

// Cargo's `to_lib_target`: either spelling of the key, or the crate type.
fn is_proc_macro(library: &dyn TableLike) -> bool {
    let key = |key| library.get(key).and_then(Item::as_bool) == Some(true);
    let kind = |key| {
        let kinds = library.get(key).and_then(Item::as_array);
        kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind.as_str() == Some("proc-macro")))
    };
    key("proc-macro") || key("proc_macro") || kind("crate-type") || kind("crate_type")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Declared {
        declared(&Document::parse(text).expect("valid TOML"))
    }

    fn dependencies(text: &str) -> Vec<String> {
        let one = |it: &Requirement| {
            let Requirement { key, package, kind, optional, origin } = it;
            let optional = if *optional { "?" } else { "" };
            format!("{key}{optional}={package} {kind:?} {origin:?}")
        };
        read(text).dependencies.iter().map(one).collect()
    }

    #[test]
    fn dependencies_are_found_in_every_spelling() {
        for (text, expected) in [
            ("[dependencies]\na = '1'", &["a=a Normal Versioned"][..]),
            ("[dependencies.a]\nversion = '1'\npackage = 'b'\noptional = true", &["a?=b Normal Versioned"]),
            ("dependencies.a.version = '1'", &["a=a Normal Versioned"]),
            ("dependencies = { a = { path = '../a' } }", &["a=a Normal Unversioned"]),
            ("[dependencies]\na.workspace = true", &["a=a Normal Inherited"]),
            ("[dependencies]\na = { workspace = true, optional = true }", &["a?=a Normal Inherited"]),
            ("[dependencies]\na = { workspace = false, git = 'x' }", &["a=a Normal Unversioned"]),
            ("[build-dependencies]\na = '1'", &["a=a Build Versioned"]),
            (
                "[build_dependencies]\na = '1'\n[dev_dependencies]\nb = '1'",
                &["a=a Build Versioned", "b=b Dev Versioned"],
            ),
            ("[dev-dependencies]\na = '1'\n[dev_dependencies]\nb = '1'", &["a=a Dev Versioned"]),
            (
                "[target.'cfg(unix)'.dependencies]\na = '1'\n[target.x86_64-pc-windows-gnu.build-dependencies]\nb = '1'",
                &["a=a Normal Versioned", "b=b Build Versioned"],
            ),
            (
                "[dependencies]\na = '1'\n[target.'cfg(unix)'.dependencies]\na = { version = '1' }",
                &["a=a Normal Versioned"],
            ),
            ("dependencies = 3\ntarget = []", &[]),
            ("[dependencies]\na = 3", &["a=a Normal Versioned"]),
        ] {
            assert_eq!(dependencies(text), expected, "{text}");
        }
    }

    #[test]
    fn the_rest_is_found_in_every_spelling() {
        let text = "[features]\ndefault = []\na = ['dep:b']\n[project]\nname = 'x'\nversion.workspace = true\nlinks = 'z'";
        let found = read(text);
        assert_eq!(found.features, ["a", "default"]);
        assert_eq!((found.name, found.version), (Field::Given("x".into()), Field::Inherited));
        assert_eq!(found.links.as_deref(), Some("z"));
        for (text, build) in [
            ("", Build::Default),
            ("build = false", Build::Off),
            ("build = true", Build::On),
            ("build = 'a.rs'", Build::Scripts(vec!["a.rs".into()])),
            ("build = ['a.rs', 'b.rs']", Build::Scripts(vec!["a.rs".into(), "b.rs".into()])),
            ("metabuild = ['m']", Build::Scripts(vec!["m".into()])),
            ("build = 3", Build::Scripts(vec![])),
        ] {
            assert_eq!(read(&format!("[package]\n{text}")).build, build, "{text}");
        }
        for (text, expected) in [
            ("proc-macro = true", true),
            ("proc_macro = true", true),
            ("crate-type = ['proc-macro']", true),
            ("crate_type = ['rlib', 'proc-macro']", true),
            ("proc-macro = false", false),
            ("proc-macro = 'true'", false),
        ] {
            assert_eq!(read(&format!("[lib]\n{text}")).proc_macro, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(text in "[\\[\\]{}a-c.=,'# \n0-9]{0,60}", value in "[\\[\\]{}a=,'1. ]{0,20}") {
            let under = format!("dependencies.a = {value}\npackage = {value}\nfeatures = {value}\ntarget.x = {value}\nlib = {value}");
            for text in [text, under] {
                let _ = Document::parse(text.as_str()).map(|document| declared(&document));
            }
        }
    }
}
