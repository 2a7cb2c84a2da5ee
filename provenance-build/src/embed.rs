//! What `include!` puts into a binary: two statics in sections of their own, written into the build script's `OUT_DIR`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::admit::{self, Demand};
use crate::cargo_env::BuildEnvironment;
use crate::digest::Checksum;
use crate::error::Error;
use crate::inventory::{self, Declared};
use crate::manifest::Origin;
use crate::members::normal;
use crate::observe::Seen;
use crate::toml;

/// The file that is included.
const INCLUDED: &str = "provenance_embed.rs";

/// Writes the statics for the binary of the package that is built: none where cargo-auditable writes a list of its own, because
/// linkers put sections of one name together.
pub(crate) fn write(
    environment: &BuildEnvironment,
    root: &Path,
    seen: &Seen,
    demand: &Demand,
) -> Result<(), Error> {
    let [list, pins] = match names(&environment.target) {
        Some(names) if !environment.auditable => names,
        _ => return nothing(environment),
    };
    let (lockfile, manifest) = (&seen.observation.lockfile, &seen.manifest);
    let is_root = |package: &crate::LockedPackage| {
        let id = &package.id;
        id.source.is_none()
            && id.name.as_str() == environment.name
            && id.version.as_str() == environment.version
    };
    let Some(at) = lockfile.packages.iter().position(is_root) else {
        let what = format!("`{}` v{} is not in `Cargo.lock`", environment.name, environment.version);
        return Err(Error::unclear(what, "build with `--locked`, or let cargo update the lockfile first"));
    };
    let packages = inventory::list(lockfile, manifest, at, &declared(root, seen)?);
    let digest = Checksum::from_bytes(Sha256::digest(seen.text.as_bytes()).into());
    let keys = admit::signers(root, manifest, seen.text.as_bytes(), demand, seen.observation.now)?;
    let texts = [
        ("DEPENDENCIES", list, inventory::dependencies(lockfile, &packages, at)),
        ("PINS", pins, inventory::pins(lockfile, manifest, &packages, digest, &keys)),
    ];
    let mut code =
        String::from("// What this binary is built from, for `cargo provenance scan` and other scanners.\n");
    for (name, section, text) in texts {
        let data = inventory::zlib(text.as_bytes());
        let file = format!("provenance_{}.bin", name.to_lowercase());
        put(&environment.out_dir.join(&file), &data)?;
        code += &format!(
            "#[used]\n#[expect(unsafe_code, reason = \"it names a section that nothing else uses\")]\n\
             #[unsafe(link_section = \"{section}\")]\n\
             static PROVENANCE_{name}: [u8; {}] = *include_bytes!(\"{file}\");\n",
            data.len()
        );
    }
    put(&environment.out_dir.join(INCLUDED), code.as_bytes())
}

/// Writes an empty file to include: this build has nothing to say.
pub(crate) fn nothing(environment: &BuildEnvironment) -> Result<(), Error> {
    put(&environment.out_dir.join(INCLUDED), b"")
}

/// The names of the two sections: of at most 16 bytes in Mach-O, and of at most 8 in PE. `None` for a format without such sections.
fn names(target: &str) -> Option<[&'static str; 2]> {
    let has = |part: &str| target.split('-').any(|found| found == part);
    match () {
        () if has("apple") => Some(["__DATA,.dep-v0", "__DATA,.provenance-v1"]),
        () if has("windows") || has("uefi") || has("cygwin") => Some([".dep-v0", ".prov-v1"]),
        () if has("aix") => None,
        () => Some([".dep-v0", ".provenance-v1"]),
    }
}

/// What the manifests of the workspace's own packages say, by their position in the lockfile.
fn declared(root: &Path, seen: &Seen) -> Result<BTreeMap<usize, Declared>, Error> {
    let file = root.join("Cargo.toml");
    let text = toml::read(&file)?;
    let document = toml::parse(&text, &file)?;
    let shared =
        toml::table(&document, "workspace").and_then(|workspace| toml::table(workspace, "dependencies"));
    let mut declared = BTreeMap::new();
    for (at, package) in seen.observation.lockfile.packages.iter().enumerate() {
        if package.id.source.is_some() {
            continue;
        }
        let members = seen.manifest.members.iter().filter(|member| member.name == package.id.name);
        // What lies elsewhere may belong to another workspace, whose shared table is not looked for.
        let members = members.map(|member| (&member.path, shared.filter(|_| member.own.is_none())));
        let pins = seen.manifest.pin_for(&package.id).and_then(|pin| match &pin.origin {
            Origin::Path(path) => Some((path, None)),
            Origin::Source(_) => None,
        });
        let places = members.chain(pins).collect::<Vec<_>>();
        // Of two with one name it is not known which is which.
        if let [(path, shared)] = places[..] {
            let file = normal(&root.join(path)).join("Cargo.toml");
            let text = toml::read(&file)?;
            declared.insert(at, Declared::of(&toml::parse(&text, &file)?, shared));
        }
    }
    Ok(declared)
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(file, bytes).map_err(|source| Error::io("write", file, source))
}
