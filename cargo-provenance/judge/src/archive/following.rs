//! Whether a packaged manifest is one that `cargo package` can have made of the author's.
//!
//! Cargo's rewriting is the same for everybody: it writes out what is inherited and which targets it finds, leaves out paths and what
//! only these say, and adds nothing. Whatever decides what is compiled, and does not follow, was put in by somebody.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Document, Item, TableLike};

use super::declared::{Build, Field, declared, dependency_tables, entries, package};
use super::fault::printable;
use crate::model::DependencyKind;

/// The manifests that are compared.
pub(super) struct Manifests<'d> {
    /// The one that cargo compiles by.
    pub(super) packaged: &'d Document<&'d str>,
    /// The author's.
    pub(super) original: &'d Document<&'d str>,
    /// The one of its workspace, if that is at hand. Without it, what is inherited is not compared.
    pub(super) workspace: Option<&'d Document<&'d str>>,
    /// Whether the package has a file.
    pub(super) has: &'d dyn Fn(&str) -> bool,
}

impl<'a> Manifests<'a> {
    /// What the packaged manifest has that `cargo package` cannot have made of the author's; a line each.
    pub(super) fn deviations(&self) -> Vec<String> {
        let mut deviations = self.package();
        deviations.extend(self.dependencies());
        deviations.extend(self.features());
        deviations.extend(self.library());
        for (section, auto, places) in [
            ("bin", "autobins", &["src/bin/?.rs", "src/bin/?/main.rs"][..]),
            ("example", "autoexamples", &["examples/?.rs", "examples/?/main.rs"]),
            ("test", "autotests", &["tests/?.rs", "tests/?/main.rs"]),
            ("bench", "autobenches", &["benches/?.rs", "benches/?/main.rs"]),
        ] {
            deviations.extend(self.targets(section, auto, places));
        }
        deviations
    }

    fn package(&self) -> Vec<String> {
        let (packaged, original) = (declared(self.packaged), declared(self.original));
        let mut deviations = vec![];
        for (key, packaged, original) in
            [("name", &packaged.name, &original.name), ("version", &packaged.version, &original.version)]
        {
            let Field::Given(packaged) = packaged else { continue };
            let original = match original {
                Field::Given(original) => Some(original.clone()),
                Field::Absent => None,
                Field::Inherited => match self.inherited(key) {
                    Some(inherited) => inherited,
                    None => continue,
                },
            };
            // Old cargos let a space into a version.
            if original.as_deref().map(str::trim) != Some(packaged.trim()) {
                deviations.push(changed(&format!("its {key} is"), Some(packaged), original.as_deref()));
            }
        }
        let edition = |document| package(document)?.get("edition");
        let packaged_edition = edition(self.packaged).and_then(Item::as_str);
        let original_edition = match edition(self.original) {
            Some(item) if item.as_str().is_none() => self.inherited("edition"),
            item => Some(item.and_then(Item::as_str).map(str::to_owned)),
        };
        // The one that counts without a word.
        let told = |edition: Option<&str>| edition.unwrap_or("2015").to_owned();
        if let Some(original) = original_edition
            && told(packaged_edition) != told(original.as_deref())
        {
            deviations.push(changed("its edition is", packaged_edition, original.as_deref()));
        }
        if packaged.links.is_some() && packaged.links != original.links {
            deviations.push(format!("it links {}", quoted(packaged.links.as_deref().unwrap_or_default())));
        }
        if packaged.proc_macro && !original.proc_macro {
            deviations.push("it is a procedural macro".to_owned());
        }
        let allowed = scripts(&original.build);
        for script in scripts(&packaged.build).iter().filter(|script| !allowed.contains(script)) {
            deviations.push(format!("it has the build script {}", quoted(script)));
        }
        let unstable = |document: &Document<&str>| texts(document.get("cargo-features"));
        for feature in unstable(self.packaged).difference(&unstable(self.original)) {
            deviations.push(format!("it has the cargo feature {}", quoted(feature)));
        }
        deviations
    }

    /// What the workspace has for `package.KEY`; `None` where no workspace is at hand.
    fn inherited(&self, key: &str) -> Option<Option<String>> {
        let workspace = self.workspace?;
        let package = workspace.get("workspace").and_then(|it| it.get("package"));
        Some(package.and_then(|package| package.get(key)?.as_str()).map(str::to_owned))
    }

    fn dependencies(&self) -> Vec<String> {
        let originals = dependencies(self.original);
        let mut deviations = vec![];
        for ((target, kind, key), packaged) in dependencies(self.packaged) {
            let original = originals.get(&(target, kind, key));
            let is_it = |original: &&Dependency<'_>| {
                original.is_optional() == packaged.is_optional()
                    && (original.package() == packaged.package() || original.is_inherited())
            };
            match original.filter(is_it) {
                Some(original) => deviations.extend(self.dependency(&packaged, original)),
                None => {
                    let kind = if kind == DependencyKind::Build { "build-dependency" } else { "dependency" };
                    let optional = if packaged.is_optional() { "optional " } else { "" };
                    deviations.push(format!("it has the {optional}{kind} {}", quoted(packaged.package())));
                }
            }
        }
        deviations.dedup();
        deviations
    }

    fn dependency(&self, packaged: &Dependency<'_>, original: &Dependency<'_>) -> Vec<String> {
        let name = quoted(packaged.key);
        let base = match (original.is_inherited(), self.workspace) {
            (false, _) => Some(original.clone()),
            (true, None) => None,
            (true, Some(workspace)) => {
                let all = workspace.get("workspace").and_then(|it| it.get("dependencies"));
                match entries(all).find(|(key, _)| *key == packaged.key) {
                    Some((key, item)) => Some(Dependency { key, item }),
                    None => return vec![format!("its dependency {name} is none of the workspace's")],
                }
            }
        };
        let mut deviations = vec![];
        let features = packaged.features();
        let mut meant = original.features();
        let Some(base) = base else {
            for feature in meant.difference(&features) {
                deviations.push(format!("its dependency {name} lacks the feature {}", quoted(feature)));
            }
            return deviations;
        };
        if packaged.package() != base.package() {
            let meant = quoted(base.package());
            return vec![format!("its dependency {name} is another package than the workspace's {meant}")];
        }
        meant.extend(base.features());
        for feature in features.difference(&meant) {
            deviations.push(format!("its dependency {name} has the feature {}", quoted(feature)));
        }
        for feature in meant.difference(&features) {
            deviations.push(format!("its dependency {name} lacks the feature {}", quoted(feature)));
        }
        if packaged.version() != base.version() {
            let what = format!("its dependency {name} is required as");
            deviations.push(changed(&what, packaged.version(), base.version()));
        }
        // A member can switch on what its workspace switches off, and not the other way round.
        let default = base.default_features().unwrap_or(true)
            || original.is_inherited() && original.default_features() == Some(true);
        if packaged.default_features().unwrap_or(true) != default {
            let how = if default { "lacks" } else { "has" };
            deviations.push(format!("its dependency {name} {how} the default features"));
        }
        // Only cargo's configuration knows the index behind the name of a registry.
        let index = packaged.text("registry-index");
        if index.is_some() && base.text("registry").is_none() && index != base.text("registry-index") {
            let index = quoted(index.unwrap_or_default());
            deviations.push(format!("its dependency {name} comes from the registry {index}"));
        }
        const COMPARED: [&str; 8] = [
            "version",
            "features",
            "default-features",
            "default_features",
            "optional",
            "package",
            "registry-index",
            "public",
        ];
        for key in packaged.keys().filter(|key| !COMPARED.contains(key)) {
            if base.get(key).is_none() && original.get(key).is_none() {
                deviations.push(format!("its dependency {name} has the key {}", quoted(key)));
            }
        }
        deviations
    }

    fn features(&self) -> Vec<String> {
        let table = |document: &Document<&str>| {
            let all = entries(document.get("features"));
            all.map(|(name, values)| (name.to_owned(), texts(Some(values)))).collect::<BTreeMap<_, _>>()
        };
        let (packaged, original) = (table(self.packaged), table(self.original));
        let mut deviations = vec![];
        for (name, values) in &packaged {
            let Some(meant) = original.get(name) else {
                deviations.push(format!("it has the feature {}", quoted(name)));
                continue;
            };
            let name = quoted(name);
            for value in values.difference(meant) {
                deviations.push(format!("its feature {name} has {}", quoted(value)));
            }
            for value in meant.difference(values).filter(|value| !self.is_of_development(value)) {
                deviations.push(format!("its feature {name} lacks {}", quoted(value)));
            }
        }
        let lost = original.keys().filter(|name| !packaged.contains_key(*name));
        deviations.extend(lost.map(|name| format!("it lacks the feature {}", quoted(name))));
        deviations
    }

    /// Whether a feature's value is about a dependency of tests that is a path alone: cargo leaves both out.
    fn is_of_development(&self, value: &str) -> bool {
        let Some((name, _)) = value.split_once('/') else { return false };
        let name = name.trim_end_matches('?');
        let holders = holders(self.original);
        let tables = holders.iter().flat_map(|(_, holder)| dependency_tables(*holder));
        let found =
            |(kind, table)| entries(Some(table)).find(|(key, _)| *key == name).map(|(_, it)| (kind, it));
        let mut all = tables.filter_map(found).peekable();
        all.peek().is_some()
            && all.all(|(kind, item)| {
                kind == DependencyKind::Dev && Dependency { key: name, item }.version().is_none()
            })
    }

    fn library(&self) -> Vec<String> {
        let library = |document: &'a Document<&'a str>| document.get("lib").and_then(Item::as_table_like);
        let (packaged, original) = (library(self.packaged), library(self.original));
        let mut deviations = vec![];
        let (path, meant) = (path_of(packaged), path_of(original));
        let called = name_of(original).or_else(|| name_of(package(self.original))).unwrap_or_default();
        let is_found = |path: &str| {
            // The second one is where old editions have it.
            path == LIBRARY || !(self.has)(LIBRARY) && same_name(path, &format!("src/{called}.rs"))
        };
        let follows = match (&path, &meant) {
            (Some(path), Some(meant)) => path == meant,
            (Some(path), None) => is_found(path),
            // Cargo leaves a library out whose root is not packaged.
            (None, Some(meant)) => {
                meant == LIBRARY || !(self.has)(LIBRARY) || packaged.is_none() && self.is_off("autolib")
            }
            (None, None) => true,
        };
        if !follows {
            let (path, meant) = (path.as_deref().or(Some(LIBRARY)), meant.as_deref().or(Some(LIBRARY)));
            deviations.push(changed("its library is", path, meant));
        }
        let Some(packaged) = packaged else { return deviations };
        let name = name_of(Some(packaged)).or_else(|| name_of(package(self.packaged))).unwrap_or_default();
        if !same_name(name, called) {
            deviations.push(changed("its library is called", Some(name), Some(called)));
        }
        let kinds = |library: Option<&dyn TableLike>| {
            let mut kinds =
                texts(library.and_then(|it| it.get("crate-type").or_else(|| it.get("crate_type"))));
            kinds.remove("proc-macro");
            if kinds.is_empty() { BTreeSet::from(["lib".to_owned()]) } else { kinds }
        };
        for kind in kinds(Some(packaged)).difference(&kinds(original)) {
            deviations.push(format!("its library is compiled as {}", quoted(kind)));
        }
        for key in ["edition", "plugin"] {
            let value = |library: Option<&dyn TableLike>| {
                let value = library.and_then(|library| library.get(key)).and_then(Item::as_value);
                value
                    .map(|value| value.clone().decorated("", "").to_string())
                    .filter(|value| value != "false")
            };
            let value_here = value(Some(packaged));
            if value_here.is_some() && value_here != value(original) {
                deviations.push(format!("its library has the key {}", quoted(key)));
            }
        }
        deviations
    }

    fn is_off(&self, key: &str) -> bool {
        package(self.packaged).and_then(|it| it.get(key)).and_then(Item::as_bool) == Some(false)
    }

    /// The programs, tests and so on. `places` are where cargo finds one that is called `?`.
    fn targets(&self, section: &str, auto: &str, places: &[&str]) -> Vec<String> {
        let originals = tables(self.original.get(section));
        let is_auto =
            package(self.original).and_then(|it| it.get(auto)).and_then(Item::as_bool) != Some(false);
        let mut deviations = vec![];
        for packaged in tables(self.packaged.get(section)) {
            let Some(name) = name_of(Some(packaged)) else { continue };
            let path = path_of(Some(packaged));
            let is_whole = section == "bin" && name_of(package(self.original)) == Some(name);
            let is_found = |path: &str| {
                places.iter().any(|place| path == place.replace('?', name))
                    || is_whole && path == "src/main.rs"
            };
            // Where cargo looked for what is declared without a path, and for the edition 2015 still does.
            let is_old = |path: &str| {
                let old = ["src/main.rs", "src/?.rs", "src/bin/main.rs", "src/bench.rs"];
                old.iter().any(|place| path == place.replace('?', name))
            };
            let original = originals.iter().find(|it| name_of(Some(**it)) == Some(name));
            let meant = original.and_then(|original| path_of(Some(*original)));
            let follows = match (&path, &meant) {
                (Some(path), Some(meant)) => path == meant,
                (None, Some(meant)) => is_found(meant),
                (Some(path), None) if original.is_some() => is_found(path) || is_old(path),
                (Some(path), None) => is_auto && is_found(path),
                (None, None) => original.is_some() || is_auto,
            };
            if !follows {
                let place = path.as_deref().map_or(String::new(), |path| format!(" in {}", quoted(path)));
                deviations.push(format!("it has the {section} {}{place}", quoted(name)));
            }
        }
        deviations
    }
}

/// Where cargo finds a library.
const LIBRARY: &str = "src/lib.rs";

/// A dependency as it is written down.
#[derive(Clone)]
struct Dependency<'d> {
    key: &'d str,
    item: &'d Item,
}

impl<'d> Dependency<'d> {
    fn get(&self, key: &str) -> Option<&'d Item> {
        self.item.as_table_like()?.get(key)
    }

    fn text(&self, key: &str) -> Option<&'d str> {
        self.get(key)?.as_str()
    }

    fn keys(&self) -> impl Iterator<Item = &'d str> {
        entries(Some(self.item)).map(|(key, _)| key)
    }

    fn package(&self) -> &'d str {
        self.text("package").unwrap_or(self.key)
    }

    fn version(&self) -> Option<&'d str> {
        self.item.as_str().or_else(|| self.text("version")).map(str::trim)
    }

    fn features(&self) -> BTreeSet<String> {
        texts(self.get("features"))
    }

    fn default_features(&self) -> Option<bool> {
        self.get("default-features").or_else(|| self.get("default_features"))?.as_bool()
    }

    fn is_optional(&self) -> bool {
        self.get("optional").and_then(Item::as_bool) == Some(true)
    }

    fn is_inherited(&self) -> bool {
        self.get("workspace").and_then(Item::as_bool) == Some(true)
    }
}

/// What holds tables of dependencies: the manifest, and each of its targets by its name.
fn holders<'d>(document: &'d Document<&str>) -> Vec<(&'d str, &'d dyn TableLike)> {
    let targets = entries(document.get("target"));
    let targets = targets.filter_map(|(target, item)| Some((target, item.as_table_like()?)));
    std::iter::once(("", document.as_table() as &dyn TableLike)).chain(targets).collect()
}

/// The dependencies that reach who depends on the package, by target, kind and key.
fn dependencies<'d>(
    document: &'d Document<&str>,
) -> BTreeMap<(&'d str, DependencyKind, &'d str), Dependency<'d>> {
    let mut all = BTreeMap::new();
    for (target, holder) in holders(document) {
        for (kind, table) in dependency_tables(holder).filter(|(kind, _)| *kind != DependencyKind::Dev) {
            let found = entries(Some(table));
            all.extend(found.map(|(key, item)| ((target, kind, key), Dependency { key, item })));
        }
    }
    all
}

/// The tables of an array, however it is written.
fn tables(item: Option<&Item>) -> Vec<&dyn TableLike> {
    let Some(item) = item else { return vec![] };
    let tables = item.as_array_of_tables().into_iter().flatten().map(|table| table as &dyn TableLike);
    let inline = item.as_array().into_iter().flatten();
    tables.chain(inline.filter_map(|it| it.as_inline_table()).map(|it| it as &dyn TableLike)).collect()
}

fn texts(item: Option<&Item>) -> BTreeSet<String> {
    let values = item.and_then(Item::as_array).into_iter().flatten();
    values.filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

fn name_of(table: Option<&dyn TableLike>) -> Option<&str> {
    table?.get("name")?.as_str()
}

fn path_of(table: Option<&dyn TableLike>) -> Option<String> {
    Some(normal(table?.get("path")?.as_str()?))
}

/// Crates are called with underscores, whatever their packages are called.
fn same_name(a: &str, b: &str) -> bool {
    a.replace('-', "_") == b.replace('-', "_")
}

/// The build scripts that a manifest can mean, as cargo writes their paths.
fn scripts(build: &Build) -> Vec<String> {
    match build {
        Build::Default | Build::On => vec!["build.rs".to_owned()],
        Build::Off => vec![],
        Build::Scripts(scripts) => scripts.iter().map(|script| normal(script)).collect(),
    }
}

/// A path as cargo writes it: `/` between its parts, without `.` and `..`.
pub fn normal(path: &str) -> String {
    let mut parts = vec![];
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn quoted(text: &str) -> String {
    format!("`{}`", printable(text.as_bytes()))
}

fn changed(what: &str, now: Option<&str>, before: Option<&str>) -> String {
    match (now, before) {
        (Some(now), Some(before)) => format!("{what} {}, and was {}", quoted(now), quoted(before)),
        (Some(now), None) => format!("{what} {}, and it had none", quoted(now)),
        (None, before) => format!("{what} not there, and was {}", quoted(before.unwrap_or_default())),
    }
}
