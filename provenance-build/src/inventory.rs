//! Which packages a binary is built from, as far as `Cargo.lock`, the manifest and the workspace's own manifests tell, and the
//! two texts that say so inside of it.
//!
//! The lockfile does not tell targets and features apart, nor what a dependency is for. So a package may be listed that is not in the
//! binary; none that is in it is left out, and none of them is called a build dependency.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use toml_span::value::Table;

use crate::digest::Checksum;
use crate::lockfile::Lockfile;
use crate::manifest::{BuildTime, Manifest, Origin, quoted};
use crate::name::{PackageName, Source};
use crate::toml::{string, table};

/// What a manifest of the workspace's own says about its package.
#[derive(Clone, Debug)]
pub struct Declared {
    /// What dependencies are for, by the names of the packages.
    uses: HashMap<String, Use>,
    /// Whether the names of all packages that its code can use are among them.
    complete: bool,
    proc_macro: bool,
}

/// A package of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its position in the lockfile.
    pub at: usize,
    /// Whether none of its code can be in the binary.
    pub build: bool,
    /// Positions in the list.
    pub dependencies: Vec<usize>,
}

/// What a dependency is for; of several uses the last counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Dev,
    Build,
    Normal,
}

/// The tables of dependencies; the old spellings still count (cargo's `TomlManifest`).
const TABLES: [(&str, Use); 5] = [
    ("dependencies", Use::Normal),
    ("build-dependencies", Use::Build),
    ("build_dependencies", Use::Build),
    ("dev-dependencies", Use::Dev),
    ("dev_dependencies", Use::Dev),
];

impl Declared {
    /// Reads a manifest; `shared` is the table that its `workspace = true` speaks of, where that is known.
    pub fn of(document: &Table<'_>, shared: Option<&Table<'_>>) -> Self {
        let flag = |key: &str| table(document, "lib").and_then(|lib| lib.get(key)?.as_bool()) == Some(true);
        let proc_macro = flag("proc-macro") || flag("proc_macro");
        let mut declared = Self { uses: HashMap::new(), complete: true, proc_macro };
        let targets = table(document, "target").into_iter().flat_map(|targets| targets.values());
        for holder in targets.filter_map(|value| value.as_table()).chain([document]) {
            for (key, purpose) in TABLES {
                for (key, mut value) in table(holder, key).into_iter().flatten() {
                    if value.as_table().is_some_and(|entry| entry.contains_key("workspace")) {
                        match shared.and_then(|shared| shared.get(&*key.name)) {
                            Some(there) => value = there,
                            None => declared.complete &= purpose != Use::Normal,
                        }
                    }
                    let renamed = value.as_table().and_then(|entry| string(entry, "package"));
                    let known =
                        declared.uses.entry(renamed.unwrap_or(&key.name).to_owned()).or_insert(purpose);
                    *known = purpose.max(*known);
                }
            }
        }
        declared
    }

    /// What the dependency on a package of this name is for. What nothing explains could be in the binary.
    fn purpose(&self, name: &PackageName) -> Use {
        let known = self.uses.get(name.as_str()).filter(|_| self.complete);
        known.copied().unwrap_or(Use::Normal)
    }
}

/// Lists what the package at `root` of the lockfile is built from, itself included, in the lockfile's order. `declared` has the
/// workspace's own packages by their position.
pub fn list(
    lockfile: &Lockfile,
    manifest: &Manifest,
    root: usize,
    declared: &BTreeMap<usize, Declared>,
) -> Vec<Listed> {
    let id = |at: usize| &lockfile.packages[at].id;
    let is_proc_macro = |at: usize| match declared.get(&at) {
        Some(declared) => declared.proc_macro,
        None => manifest.pin_for(id(at)).is_some_and(|pin| pin.build_time.contains(&BuildTime::ProcMacro)),
    };
    let purpose =
        |from, to| declared.get(&from).map_or(Use::Normal, |declared| declared.purpose(&id(to).name));
    let mut edges = edges(lockfile);
    for at in declared.keys() {
        edges[*at].retain(|to| purpose(*at, *to) != Use::Dev);
    }
    break_circles(&mut edges, root);
    // Whether a package is reached, and by a way on which nothing only runs while others compile.
    let mut runtime = BTreeMap::from([(root, true)]);
    let mut open = vec![root];
    while let Some(from) = open.pop() {
        for to in edges[from].iter().copied() {
            let is_runtime = runtime[&from] && purpose(from, to) == Use::Normal && !is_proc_macro(to);
            if runtime.get(&to).is_none_or(|before| !before && is_runtime) {
                runtime.insert(to, is_runtime);
                open.push(to);
            }
        }
    }
    let position = runtime.keys().enumerate().map(|(position, at)| (*at, position));
    let position = position.collect::<HashMap<_, _>>();
    let listed = |(at, runtime): (&usize, &bool)| {
        let dependencies = edges[*at].iter().map(|to| position[to]).collect::<BTreeSet<_>>();
        Listed { at: *at, build: !runtime, dependencies: dependencies.into_iter().collect() }
    };
    runtime.iter().map(listed).collect()
}

/// The positions of what each package depends on. (The lockfile's reader has seen to it that each is there, and one.)
fn edges(lockfile: &Lockfile) -> Vec<Vec<usize>> {
    let mut named: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, package) in lockfile.packages.iter().enumerate() {
        named.entry(package.id.name.as_str()).or_default().push(at);
    }
    let resolve = |dependency: &String| {
        let mut words = dependency.splitn(3, ' ');
        let (name, version, source) = (words.next()?, words.next(), words.next());
        let source = source.map(|source| source.trim_start_matches('(').trim_end_matches(')'));
        let mut candidates = named.get(name)?.iter().copied().filter(|at| {
            let id = &lockfile.packages[*at].id;
            let found = id.source.as_ref().map(Source::as_str);
            version.is_none_or(|version| version == id.version.as_str())
                && source.is_none_or(|source| {
                    found.is_some_and(|found| found.split('#').next() == source.split('#').next())
                })
        });
        // One without a source goes before others of its version.
        let first = candidates.next()?;
        Some(candidates.find(|at| lockfile.packages[*at].id.source.is_none()).unwrap_or(first))
    };
    lockfile
        .packages
        .iter()
        .map(|package| package.dependencies.iter().filter_map(resolve).collect())
        .collect()
}

/// Cargo has no circles but through dev-dependencies; where those cannot be told apart, the edge that closes one is dropped.
fn break_circles(edges: &mut [Vec<usize>], root: usize) {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        Done,
        Fresh,
        Open,
    }
    let mut states = vec![State::Fresh; edges.len()];
    let mut path = vec![(root, 0)];
    states[root] = State::Open;
    while let Some((at, next)) = path.pop() {
        let Some(to) = edges[at].get(next).copied() else {
            states[at] = State::Done;
            continue;
        };
        if states[to] == State::Open {
            edges[at].remove(next);
            path.push((at, next));
            continue;
        }
        path.push((at, next + 1));
        if states[to] == State::Fresh {
            states[to] = State::Open;
            path.push((to, 0));
        }
    }
}

/// The text of `.dep-v0`, as cargo-auditable defines it, in its format 1: procedural macros count as build dependencies.
pub fn dependencies(lockfile: &Lockfile, list: &[Listed], root: usize) -> String {
    let entry = |listed: &Listed| {
        let id = &lockfile.packages[listed.at].id;
        let source = match &id.source {
            None => "local",
            Some(source) if source.is_crates_io() => "crates.io",
            Some(source) if source.is_git() => "git",
            Some(_) => "registry",
        };
        let mut text = format!(r#"{{"name":"{}","version":"{}","source":"{source}""#, id.name, id.version);
        if listed.build {
            text += r#","kind":"build""#;
        }
        if !listed.dependencies.is_empty() {
            let positions = listed.dependencies.iter().map(usize::to_string).collect::<Vec<_>>();
            text += &format!(r#","dependencies":[{}]"#, positions.join(","));
        }
        text + if listed.at == root { r#","root":true}"# } else { "}" }
    };
    let packages = list.iter().map(entry).collect::<Vec<_>>();
    format!(r#"{{"packages":[{}],"format":1}}"#, packages.join(","))
}

/// The text of `.provenance-v1`: the digest of the manifest, the ids of the keys that signed it, sorted, and the pins of what is listed.
pub fn pins(
    lockfile: &Lockfile,
    manifest: &Manifest,
    list: &[Listed],
    digest: Checksum,
    keys: &[String],
) -> String {
    let pins = list.iter().filter_map(|listed| manifest.pin_for(&lockfile.packages[listed.at].id));
    let packages = pins.map(|pin| {
        let (name, version, tree) = (&pin.name, &pin.version, pin.tree);
        let (key, origin) = match &pin.origin {
            Origin::Source(source) => ("source", without_credentials(source.as_str())),
            Origin::Path(path) => ("path", path.clone()),
        };
        let quoted = quoted(&origin);
        let checksum = pin.checksum.map(|sum| format!(r#","checksum":"{sum}""#)).unwrap_or_default();
        let text = format!(
            r#"{{"name":"{name}","version":"{version}","{key}":{quoted}{checksum},"tree":"{tree}"}}"#
        );
        ((name, version, pin.source().is_none(), origin), text)
    });
    let packages = packages.collect::<BTreeMap<_, _>>().into_values().collect::<Vec<_>>().join(",");
    let keys = keys.iter().map(|key| format!("\"{key}\"")).collect::<Vec<_>>().join(",");
    format!(r#"{{"format":1,"manifest":"{digest}","keys":[{keys}],"packages":[{packages}]}}"#)
}

/// A binary goes to people who are not to have what a URL lets one in with. `git@` is no secret where SSH asks for a key.
fn without_credentials(source: &str) -> String {
    let Some((scheme, rest)) = source.split_once("://") else { return source.to_owned() };
    let host = rest.split('/').next().unwrap_or_default();
    match host.rsplit_once('@') {
        Some((user, _)) if user.contains(':') || !scheme.ends_with("ssh") => {
            format!("{scheme}://{}", &rest[user.len() + 1..])
        }
        _ => source.to_owned(),
    }
}

/// A zlib stream (RFC 1950) of stored blocks (RFC 1951, section 3.2.4): every reader takes it, and it needs no compressor.
pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        stream.extend(block);
    }
    let adler = |(low, high): (u32, u32), byte: &u8| {
        let low = (low + u32::from(*byte)) % 65_521;
        (low, (high + low) % 65_521)
    };
    let (low, high) = data.iter().fold((1, 0), adler);
    stream.extend((high << 16 | low).to_be_bytes());
    stream
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::toml;

    const INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";
    const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    /// A lockfile of packages `p0` and so on, the first without a source, each with the numbers of what it depends on.
    fn lockfile(packages: &[Vec<usize>]) -> Lockfile {
        let mut text = String::from("version = 4\n");
        for (at, dependencies) in packages.iter().enumerate() {
            text += &format!("\n[[package]]\nname = \"p{at:03}\"\nversion = \"1.0.0\"\n");
            if at > 0 {
                text += &format!("source = \"{INDEX}\"\nchecksum = \"{ZEROS}\"\n");
            }
            if !dependencies.is_empty() {
                let lines = dependencies.iter().map(|to| format!(" \"p{to:03}\",\n")).collect::<String>();
                text += &format!("dependencies = [\n{lines}]\n");
            }
        }
        Lockfile::parse(text.as_bytes(), Path::new("Cargo.lock")).expect(&text)
    }

    fn manifest(pins: &str) -> Manifest {
        let head = format!(
            "# Written by cargo-provenance. Review its changes like code; do not edit it.\nversion = 1\npolicy = \"sha256:{ZEROS}\"\n"
        );
        Manifest::parse(format!("{head}{pins}").as_bytes(), Path::new("Provenance.lock")).expect(pins)
    }

    fn pin(name: &str, origin: &str, more: &str) -> String {
        let checksum = if origin.contains("registry+") {
            format!("checksum = \"sha256:{ZEROS}\"\n")
        } else {
            String::new()
        };
        format!(
            "\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n{origin}\n{checksum}tree = \"b3:{ZEROS}\"\n{more}\
             trust = {{ basis = \"baseline\" }}\n"
        )
    }

    fn declared(text: &str, shared: &str) -> Declared {
        let shared = toml::parse(shared, Path::new("Cargo.toml")).expect(shared);
        let document = toml::parse(text, Path::new("Cargo.toml")).expect(text);
        Declared::of(&document, Some(&shared).filter(|shared| !shared.is_empty()))
    }

    fn shown(list: &[Listed]) -> String {
        let shown =
            |it: &Listed| format!("{}{}{:?}", it.at, if it.build { "b" } else { "" }, it.dependencies);
        list.iter().map(shown).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_for_tests_alone_is_left_out_and_what_only_runs_is_called_so() {
        let graph = [vec![1, 2, 3], vec![4], vec![4, 5], vec![6], vec![], vec![], vec![]];
        let none = manifest("");
        let list_of = |manifest: &Manifest, text: &str, shared: &str| {
            let declared = BTreeMap::from([(0, declared(text, shared))]);
            shown(&list(&lockfile(&graph), manifest, 0, &declared))
        };
        let all = "0[1, 2, 3] 1[4] 2[4, 5] 3[6] 4[] 5[] 6[]";
        let told = "0[1, 2] 1[3] 2b[3, 4] 4[] 5b[]";
        for (text, shared, expected) in [
            ("", "", all),
            (
                "[dependencies]\np001 = \"1\"\n[build-dependencies]\np002 = \"1\"\n[dev-dependencies]\np003 = \"1\"\n",
                "",
                told,
            ),
            // By another name, for a target, in the old spelling, by the workspace.
            (
                "[target.'cfg(unix)'.dependencies]\na.package = \"p001\"\n[build_dependencies]\nb = { workspace = true }\n\
                 [target.x.dev_dependencies]\nc = { package = \"p003\" }\n",
                "b.package = \"p002\"\n",
                told,
            ),
            // Of two uses the one that reaches the binary counts.
            ("[dependencies]\np003 = \"1\"\n[dev-dependencies]\np003 = \"1\"\n", "", all),
            // A name that is not known could be any.
            ("[dependencies]\nx.workspace = true\n[dev-dependencies]\np003 = \"1\"\n", "", all),
            (
                "[dependencies]\nx.workspace = true\n[dev-dependencies]\np003 = \"1\"\n",
                "x.package = \"p003\"",
                all,
            ),
        ] {
            assert_eq!(list_of(&none, text, shared), expected, "{text}");
        }
        let origin = format!("source = \"{INDEX}\"");
        let macros = manifest(&pin("p002", &origin, "build-time = [\"proc-macro\"]\n"));
        assert_eq!(list_of(&macros, "", ""), "0[1, 2, 3] 1[4] 2b[4, 5] 3[6] 4[] 5b[] 6[]");
        assert!(declared("[lib]\nproc-macro = true\n", "").proc_macro);
    }

    #[test]
    fn both_texts_are_the_documented_ones() {
        let lockfile = lockfile(&[vec![1, 2], vec![2], vec![]]);
        let origin = format!("source = \"{INDEX}\"");
        let manifest =
            manifest(&(pin("p001", &origin, "") + &pin("p002", &origin, "build-time = [\"proc-macro\"]\n")));
        let list = list(&lockfile, &manifest, 0, &BTreeMap::new());
        assert_eq!(
            dependencies(&lockfile, &list, 0),
            r#"{"packages":[{"name":"p000","version":"1.0.0","source":"local","dependencies":[1,2],"root":true},{"name":"p001","version":"1.0.0","source":"crates.io","dependencies":[2]},{"name":"p002","version":"1.0.0","source":"crates.io","kind":"build"}],"format":1}"#
        );
        let digest = Checksum::from_bytes([0; 32]);
        let pinned = |name: &str| {
            format!(
                r#"{{"name":"{name}","version":"1.0.0","source":"{INDEX}","checksum":"sha256:{ZEROS}","tree":"b3:{ZEROS}"}}"#
            )
        };
        assert_eq!(
            pins(&lockfile, &manifest, &list, digest, &["SHA256:a".to_owned()]),
            format!(
                r#"{{"format":1,"manifest":"sha256:{ZEROS}","keys":["SHA256:a"],"packages":[{},{}]}}"#,
                pinned("p001"),
                pinned("p002")
            )
        );
    }

    #[test]
    fn no_credentials_get_into_a_binary() {
        for (source, expected) in [
            ("git+https://token@host/r#c", "git+https://host/r#c"),
            ("git+https://u:p@host:8443/r@1#c", "git+https://host:8443/r@1#c"),
            ("git+ssh://git@host/r#c", "git+ssh://git@host/r#c"),
            ("git+ssh://u:p@host/r#c", "git+ssh://host/r#c"),
            ("sparse+https://host/a@b/", "sparse+https://host/a@b/"),
        ] {
            assert_eq!(without_credentials(source), expected);
        }
    }

    #[test]
    fn a_stream_is_what_zlib_writes_without_compression() {
        // As `zlib.compress(b"abc", 0)` of Python has it.
        assert_eq!(zlib(b"abc"), b"\x78\x01\x01\x03\x00\xfc\xffabc\x02\x4d\x01\x27");
        assert_eq!(zlib(&[7; 0x1_0000]).len(), 2 + 5 + 0xffff + 5 + 1 + 4);
    }

    proptest! {
        #[test]
        fn no_circle_is_left_and_nothing_that_is_reached_is_left_out(
            graph in prop::collection::vec(prop::collection::btree_set(0usize..40, 0..5), 1..40)
        ) {
            let size = graph.len();
            let graph = graph.into_iter().map(|to| to.into_iter().filter(|to| *to < size).collect::<Vec<_>>()).collect::<Vec<_>>();
            let list = list(&lockfile(&graph), &manifest(""), 0, &BTreeMap::new());
            let mut reached = BTreeSet::from([0]);
            let mut open = vec![0];
            while let Some(at) = open.pop() {
                open.extend(graph[at].iter().filter(|to| reached.insert(**to)));
            }
            prop_assert_eq!(list.iter().map(|it| it.at).collect::<Vec<_>>(), reached.into_iter().collect::<Vec<_>>());
            let mut left = list.iter().map(|it| it.dependencies.clone()).enumerate().collect::<BTreeMap<_, _>>();
            while let Some(at) = left.iter().find(|(_, to)| to.iter().all(|to| !left.contains_key(to))).map(|(at, _)| *at) {
                left.remove(&at);
            }
            prop_assert!(left.is_empty(), "a circle: {:?}", left);
        }
    }
}
