//! What a package's manifest and source say of it.

use cargo_metadata::{Package, TargetKind};
use provenance_build::{Checksum, PackageId, Source};

use crate::model::LicenseExpression;
use crate::sbom::{Component, Contact, File, Form, Kind, License, Link, LinkKind, purl, text};

/// People of one package that are named: more are a joke or an attack.
const AUTHORS: usize = 100;

/// Where a package lies, for its package URL.
pub(super) enum Place<'a> {
    /// A directory relative to the workspace root; nothing where there is no way to it.
    Directory(Option<String>),
    /// A registry or a repository.
    Source(&'a PackageId, &'a Source, Option<Checksum>),
}

/// Describes a package by its manifest.
pub(super) fn component(package: &Package, place: &Place<'_>) -> Component {
    let makes = |kind: &TargetKind| package.targets.iter().any(|target| target.kind.contains(kind));
    let kind =
        if makes(&TargetKind::Bin) && !makes(&TargetKind::Lib) { Kind::Application } else { Kind::Library };
    let mut component = Component::named(kind, package.name.as_str());
    let version = package.version.to_string();
    component.license = license(package);
    component.authors =
        package.authors.iter().filter_map(|author| Contact::parse(author)).take(AUTHORS).collect();
    component.description = package.description.as_deref().map(text::line).filter(|text| !text.is_empty());
    component.opaque = package.links.is_some();
    for (kind, url, read) in [
        (LinkKind::Documentation, &package.documentation, text::url as fn(&str) -> Option<String>),
        (LinkKind::Vcs, &package.repository, text::repository),
        (LinkKind::Website, &package.homepage, text::url),
    ] {
        component.links.extend(url.as_deref().and_then(read).map(|url| Link { kind, url }));
    }
    match place {
        Place::Directory(path) => {
            component.purl = path.as_ref().map(|path| purl::of_path(package.name.as_str(), &version, path));
        }
        Place::Source(id, source, checksum) => from_source(&mut component, id, source, *checksum),
    }
    component.version = Some(version);
    if let Some(links) = &package.links {
        component.fact("links", text::line(links));
    }
    component
}

/// What follows from where a package comes from alone.
pub(super) fn from_source(
    component: &mut Component,
    id: &PackageId,
    source: &Source,
    checksum: Option<Checksum>,
) {
    component.purl = Some(purl::of(id));
    component.supplier = supplier(source);
    if let Some(repository) = source.is_git().then(|| text::repository(source.url())).flatten() {
        component.links.push(Link { kind: LinkKind::Vcs, url: repository });
    }
    let Some(checksum) = checksum else { return };
    let name = format!("{}.crate", id.file_stem());
    if source.is_crates_io() {
        let encoded = name.replace('+', "%2B");
        let url = format!("https://static.crates.io/crates/{}/{encoded}", id.name);
        component.links.push(Link { kind: LinkKind::Distribution, url });
    }
    component.file = Some(File { name, form: Form::Archive });
    component.digests.sha256 = Some(checksum.hex());
}

/// Who hands it on: the registry, or the host of the repository. A directory of this machine is nobody.
fn supplier(source: &Source) -> Option<Contact> {
    if source.is_crates_io() {
        return Some(Contact { url: Some("https://crates.io".to_owned()), ..Contact::named("crates.io") });
    }
    let (_, rest) = source.url().split_once("://")?;
    let host = rest.split('/').next()?;
    Some(host.rsplit('@').next()?).filter(|host| !host.is_empty()).map(Contact::named)
}

fn license(package: &Package) -> License {
    match (&package.license, &package.license_file) {
        (Some(words), _) => match LicenseExpression::parse(words.trim()) {
            Ok(expression) => License::Expression(Box::new(expression)),
            Err(_) => match text::line(words) {
                words if words.is_empty() => License::Unknown,
                words => License::Other(words),
            },
        },
        (None, Some(file)) => License::File(text::line(file.as_str())),
        (None, None) => License::Unknown,
    }
}
