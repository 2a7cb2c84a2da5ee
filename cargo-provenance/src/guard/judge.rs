//! Whether the package in a directory may be compiled.

use std::path::{Path, PathBuf};

use provenance_build::admit::{self, Demand};
use provenance_build::manifest::{self, Manifest, Origin, Pin};
use provenance_build::members::normal;
use provenance_build::toml;
use provenance_build::tree::{self, Layout, Unacceptable};
use provenance_build::{Moment, PackageName, TreeDigest, Version};

use super::Refusal;
use super::inputs::Territory;

/// A package as cargo names it to rustc.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Package {
    /// `CARGO_PKG_NAME`.
    pub(super) name: PackageName,
    /// `CARGO_PKG_VERSION`.
    pub(super) version: Version,
    /// `CARGO_MANIFEST_DIR`, canonical.
    pub(super) directory: PathBuf,
}

/// The digest of a directory, or what lies there that no package can hold.
pub(super) type Hashed = Result<TreeDigest, Unacceptable>;

/// What counts besides the package itself.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    /// The workspace root, canonical.
    pub(super) root: PathBuf,
    /// The cargo home, canonical.
    pub(super) cargo_home: Option<PathBuf>,
    /// Which keys count where the policy wants signatures.
    pub(super) demand: Demand,
    /// The time of the call.
    pub(super) now: Moment,
}

/// Compares the package with the workspace's manifest; says where its sources may come from, or why it may not be compiled.
///
/// `checkout` hashes a git checkout, which many packages may share.
pub(super) fn judge(
    circumstances: &Circumstances,
    package: &Package,
    checkout: impl Fn(&Path) -> Result<Hashed, Refusal>,
) -> Result<Territory, Refusal> {
    let root = circumstances.root.as_path();
    let manifest = read(circumstances, package)?;
    let here =
        |path: &str| normal(&root.join(path)).canonicalize().is_ok_and(|path| path == package.directory);
    if manifest.members.iter().any(|member| member.name == package.name && here(&member.path)) {
        let cargo_home = circumstances.cargo_home.clone();
        return Ok(Territory::Member { roots: own(root, &manifest), cargo_home });
    }
    if manifest.packages.is_empty() {
        return Err(not_pinned(package));
    }
    let (tree, layout) = place(package, &manifest.packages, root);
    let hashed = match layout {
        Layout::Checkout => checkout(&tree)?,
        _ => hash(&tree, layout)?,
    };
    let shown = format!("{} v{}", package.name.as_str(), package.version.as_str());
    match hashed {
        Ok(found) if manifest.packages.iter().any(|pin| accepts(pin, layout, found)) => {
            let cargo_home = circumstances.cargo_home.clone();
            Ok(Territory::Pinned { tree, layout, workspace: root.to_owned(), cargo_home })
        }
        found => {
            let help = format!(
                "run `cargo provenance diff {}` to see what changed, `cargo provenance verify --repair` to restore it",
                package.name.as_str()
            );
            let refusal = match &found {
                Ok(_) => Refusal::new(format!("`{shown}` differs from the manifest"), help),
                Err(fault) => Refusal::new(format!("`{shown}` holds `{}`: {}", fault.path, fault.what), help),
            };
            let pins = manifest.packages.iter().map(|pin| format!("pinned {}", pin.tree));
            let refusal = pins.fold(refusal, Refusal::detail);
            let found = found.map_or_else(|_| "found".to_owned(), |found| format!("found  {found}"));
            Err(refusal.detail(format!("{found} in {}", tree.display())))
        }
    }
}

/// Hashes a directory.
pub(super) fn hash(directory: &Path, layout: Layout) -> Result<Hashed, Refusal> {
    Ok(tree::read(directory, layout)?.map(|tree| tree.digest()))
}

// The head of the manifest, its members, and the pins of this package alone. Reading all pins would cost more than hashing
// a package does; `verify` and the build helper read every line.
fn read(circumstances: &Circumstances, package: &Package) -> Result<Manifest, Refusal> {
    let Circumstances { root, demand, now, .. } = circumstances;
    let file = root.join(manifest::FILE_NAME);
    if !file.exists() {
        return Err(Refusal::new(
            format!("there is no `{}`", file.display()),
            "run `cargo provenance init`, or restore the file",
        ));
    }
    let text = toml::read(&file)?;
    let manifest = Manifest::parse(excerpt(&text, package).as_bytes(), &file)?;
    admit::admit(root, &manifest, text.as_bytes(), demand, *now)?;
    match &manifest.expires {
        Some(day) if manifest.is_expired(*now) => Err(Refusal::new(
            format!("the manifest expired on {day}"),
            "review it, then run `cargo provenance sign --expires YYYY-MM-DD`",
        )),
        _ => Ok(manifest),
    }
}

fn excerpt(text: &str, package: &Package) -> String {
    const HEADER: &str = "\n[[package]]\n";
    let begin = format!("name = \"{}\"\nversion = \"{}\"\n", package.name.as_str(), package.version.as_str());
    let mut blocks = text.split(HEADER);
    let mut excerpt = blocks.next().unwrap_or_default().to_owned();
    for block in blocks.filter(|block| block.starts_with(&begin)) {
        excerpt.push_str(HEADER);
        excerpt.push_str(block);
    }
    excerpt
}

// The workspace, and members beside it.
fn own(root: &Path, manifest: &Manifest) -> Vec<PathBuf> {
    let beside = manifest.members.iter().filter(|member| member.path.starts_with(".."));
    let beside = beside.filter_map(|member| normal(&root.join(&member.path)).canonicalize().ok());
    std::iter::once(repository(root)).chain(beside).collect()
}

// A workspace may include what lies beside it in the same repository: it is reviewed alike.
fn repository(root: &Path) -> PathBuf {
    root.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(root).to_owned()
}

// Which tree the package belongs to. The pins say what it could be, the directory how it came to be; a wrong guess gives
// another digest.
fn place(package: &Package, pins: &[Pin], root: &Path) -> (PathBuf, Layout) {
    let directory = &package.directory;
    let is_own = |pin: &Pin| match &pin.origin {
        Origin::Path(path) => normal(&root.join(path)).canonicalize().is_ok_and(|path| path == *directory),
        Origin::Source(_) => false,
    };
    if pins.iter().any(is_own) {
        return (directory.clone(), Layout::Path);
    }
    if directory.join(".cargo-checksum.json").exists() {
        return (directory.clone(), Layout::Directory);
    }
    let is_git = pins.iter().any(|pin| pin.checksum.is_none());
    if is_git && let Some(checkout) = directory.ancestors().find(|folder| is_checkout(folder)) {
        return (checkout.to_owned(), Layout::Checkout);
    }
    if directory.join(".cargo-ok").exists() {
        return (directory.clone(), Layout::Registry);
    }
    (directory.clone(), Layout::Path)
}

// `git/checkouts/NAME-HASH/REV`; a submodule inside has a `.git` of its own.
fn is_checkout(folder: &Path) -> bool {
    let checkouts = folder.parent().and_then(Path::parent);
    checkouts.is_some_and(|checkouts| checkouts.ends_with("git/checkouts")) && folder.join(".git").exists()
}

// A directory source may hold what `cargo vendor` left of the package; everything else is whole.
fn accepts(pin: &Pin, layout: Layout, found: TreeDigest) -> bool {
    found == pin.tree || (layout == Layout::Directory && pin.vendor_tree == Some(found))
}

fn not_pinned(package: &Package) -> Refusal {
    let what = format!("`{} v{}` is not pinned", package.name.as_str(), package.version.as_str());
    let help = "let it in with `cargo provenance add` or `cargo provenance update`, or run `cargo provenance pin` for \
                what `Cargo.lock` names; build with `--locked`";
    Refusal::new(what, help).detail(format!("compiled from {}", package.directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const HEAD: &str = "# Written by cargo-provenance. Review its changes like code; do not edit it.\n";

    fn package(name: &str, version: &str, directory: &Path) -> Package {
        Package {
            name: PackageName::parse(name).expect("a name"),
            version: Version::parse(version).expect("a version"),
            directory: directory.canonicalize().expect("a directory"),
        }
    }

    fn never(_: &Path) -> Result<Hashed, Refusal> {
        panic!("no checkout here")
    }

    /// A workspace with one member and one pinned registry package, which lies beside it.
    fn workspace(base: &Path) -> (PathBuf, PathBuf) {
        let (root, source) = (base.join("ws"), base.join("src/a-1.0.0"));
        for folder in [&root.join("app"), &root.join("copy"), &source.join("src")] {
            fs::create_dir_all(folder).expect("made");
        }
        fs::write(source.join(".cargo-ok"), "{\"v\":1}").expect("written");
        fs::write(source.join("src/lib.rs"), "fn f() {}").expect("written");
        let digest = hash(&source, Layout::Registry).expect("read").expect("a digest");
        let block = |version: &str, digest: &str| {
            format!(
                "\n[[package]]\nname = \"a\"\nversion = \"{version}\"\n\
                 source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                 checksum = \"sha256:{}\"\ntree = \"{digest}\"\ntrust = {{ basis = \"baseline\" }}\n",
                "0".repeat(64)
            )
        };
        let text = format!(
            "{HEAD}version = 1\npolicy = \"sha256:{}\"\n\n[[member]]\nname = \"app\"\npath = \"app\"\n{}{}",
            "1".repeat(64),
            block("1.0.0", &digest.to_string()),
            block("2.0.0", &format!("b3:{}", "2".repeat(64))),
        );
        fs::write(root.join("Provenance.lock"), text).expect("written");
        fs::write(root.join("Provenance.toml"), "version = 1\n").expect("written");
        (root.canonicalize().expect("there"), source)
    }

    #[test]
    fn what_is_pinned_or_a_member_passes_and_nothing_else() {
        let base = tempfile::tempdir().expect("a directory");
        let (root, source) = workspace(base.path());
        let circumstances = Circumstances {
            root: root.clone(),
            cargo_home: None,
            demand: Demand::default(),
            now: Moment::day("2026-11-25").expect("a day"),
        };
        let judged = |name, version, directory: &Path| {
            judge(&circumstances, &package(name, version, directory), never)
        };
        let Territory::Pinned { layout, .. } = judged("a", "1.0.0", &source).expect("pinned") else {
            panic!("a pin, not a member");
        };
        assert_eq!(layout, Layout::Registry);
        assert!(matches!(judged("app", "0.1.0", &root.join("app")), Ok(Territory::Member { .. })));
        for (name, version, directory) in [
            ("a", "1.0.1", source.clone()),
            ("a", "2.0.0", source.clone()),
            ("b", "1.0.0", source.clone()),
            ("app", "0.1.0", root.join("copy")),
            ("other", "0.1.0", root.join("app")),
        ] {
            assert!(judged(name, version, &directory).is_err(), "{name} {version}");
        }
        fs::write(source.join("build.rs"), "fn main() {}").expect("written");
        let refusal = judged("a", "1.0.0", &source).expect_err("edited");
        assert_eq!(refusal.what, "`a v1.0.0` differs from the manifest");
    }

    #[test]
    fn a_name_cannot_open_a_second_block() {
        let base = tempfile::tempdir().expect("a directory");
        let text = "x\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ny\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0-b\"\n";
        let found = excerpt(text, &package("a", "1.0.0", base.path()));
        assert_eq!(found, "x\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\ny\n");
    }
}
