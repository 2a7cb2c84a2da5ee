//! Which packages of the workspace a bill is about, by cargo's rules.

use cargo_metadata::{Metadata, Package};

use super::Selection;
use crate::report::failure::{Failure, Kind};
use crate::sbom::text;

/// The packages that are meant, sorted by name and version.
pub(super) fn roots<'m>(metadata: &'m Metadata, selection: &Selection) -> Result<Vec<&'m Package>, Failure> {
    let members = metadata.workspace_packages();
    let mut roots = if !selection.packages.is_empty() {
        named(&members, &selection.packages)?
    } else if selection.workspace {
        members.clone()
    } else {
        usual(metadata, &members)
    };
    let excluded = named(&members, &selection.exclude)?;
    roots.retain(|package| !excluded.iter().any(|other| other.id == package.id));
    roots.sort_by_key(|package| (package.name.as_str(), &package.version));
    roots.dedup_by_key(|package| &package.id);
    if roots.is_empty() {
        return Err(Failure::new(Kind::Usage, "no package is left to list")
            .help("name packages with `--package`, or take all with `--workspace`"));
    }
    Ok(roots)
}

/// What cargo builds without being told: the package in whose folder one stands; at the root, what the workspace says.
fn usual<'m>(metadata: &'m Metadata, members: &[&'m Package]) -> Vec<&'m Package> {
    let here = metadata.resolve.as_ref().and_then(|resolve| resolve.root.as_ref());
    let here = members.iter().find(|package| Some(&package.id) == here);
    match here {
        Some(package) if package.manifest_path.parent() != Some(&metadata.workspace_root) => vec![package],
        _ if metadata.workspace_default_members.is_available() => metadata.workspace_default_packages(),
        Some(package) => vec![package],
        None => members.to_vec(),
    }
}

fn named<'m>(members: &[&'m Package], wanted: &[String]) -> Result<Vec<&'m Package>, Failure> {
    let mut found = vec![];
    for spec in wanted {
        let (name, version) =
            spec.split_once('@').map_or((spec.as_str(), None), |(name, it)| (name, Some(it)));
        let is_it = |package: &&&Package| {
            package.name.as_str() == name
                && version.is_none_or(|version| package.version.to_string() == version)
        };
        let before = found.len();
        found.extend(members.iter().filter(is_it).copied());
        if found.len() == before {
            let names = members.iter().map(|package| package.name.as_str()).collect::<Vec<_>>();
            let near = crate::policy::nearest(name, names.into_iter());
            let failure =
                Failure::new(Kind::Usage, format!("`{}` is no member of the workspace", text::line(spec)));
            return Err(match near {
                Some(near) => failure.help(format!("did you mean `{near}`?")),
                None => failure.help("`cargo provenance sbom` lists members; what they need comes with them"),
            });
        }
    }
    Ok(found)
}
