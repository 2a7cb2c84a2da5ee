//! The bill of a program, by the lists that it carries. Whoever can write the program can write them.

use std::path::Path;

use provenance_build::PackageId;
use provenance_build::manifest::Origin;
use sha2::{Digest as _, Sha256, Sha512};

use super::describe;
use crate::artifact::{self, ArtifactError, Embedded, EmbeddedKind, EmbeddedPackage, EmbeddedSource};
use crate::collect::opened;
use crate::model::Timestamp;
use crate::report::failure::{Failure, Kind};
use crate::sbom::{
    Bill, Component, Context, Digests, File, Form, Kind as ComponentKind, Need, Purpose, Scope, Target, purl,
    text,
};

/// Bytes of a program: as much as the largest ones have with all their debugging information.
const PROGRAM_BYTES: usize = 2 * 1024 * 1024 * 1024;

const NO_LIST: &str =
    "build it with `provenance-build`, or with `cargo auditable build`, which list what is in a program";

/// Makes the bill.
pub(super) fn bill(file: &Path) -> Result<Bill, Failure> {
    let bytes = opened::bytes(file, PROGRAM_BYTES)?;
    let embedded = artifact::read(&bytes).map_err(|error| {
        let failure =
            Failure::new(Kind::Undecided, format!("could not read `{}`", file.display())).caused_by(&error);
        match error {
            ArtifactError::NoSection(_) => failure.help(NO_LIST),
            _ => failure,
        }
    })?;
    let name = file.file_name().map(|name| text::line(&name.to_string_lossy())).unwrap_or_default();
    Ok(of(&embedded, &name, &bytes))
}

fn of(embedded: &Embedded, name: &str, bytes: &[u8]) -> Bill {
    let references = (0..embedded.packages.len()).map(|at| reference(embedded, at)).collect::<Vec<_>>();
    let mut components = vec![];
    let mut subject = Component::named(ComponentKind::Application, name);
    let mut needs = vec![];
    for (at, package) in embedded.packages.iter().enumerate() {
        let mut component = component(embedded, package);
        component.reference.clone_from(&references[at]);
        let of_need = |need: &usize| {
            let other = &embedded.packages[*need];
            let is_built_with = other.kind == EmbeddedKind::Build && package.kind == EmbeddedKind::Runtime;
            let purpose = if is_built_with { Purpose::Build } else { Purpose::Run };
            Need { reference: references[*need].clone(), purpose }
        };
        component.needs = Some(package.dependencies.iter().map(of_need).collect());
        if package.root {
            subject = component;
        } else {
            needs.push(Need { reference: references[at].clone(), purpose: Purpose::Run });
            components.push(component);
        }
    }
    if embedded.root().is_none() {
        // Which packages it was built for is not told, so that all of them count.
        subject.reference = format!("file:{name}");
        subject.needs = Some(needs);
    }
    subject.kind = ComponentKind::Application;
    subject.scope = Scope::Subject;
    subject.file = Some(File { name: name.to_owned(), form: Form::Executable });
    subject.digests =
        Digests { sha256: Some(hex(&Sha256::digest(bytes))), sha512: Some(hex(&Sha512::digest(bytes))) };
    if let Some(section) = &embedded.provenance {
        subject.fact("provenance-lock", section.manifest.to_string());
        for key in &section.keys {
            subject.fact("signed-by", text::line(key));
        }
    }
    let unknowns = vec!["whether what the file says of itself is true".to_owned()];
    Bill {
        subject,
        components,
        context: Context::PostBuild,
        author: None,
        made: Timestamp(0),
        target: Target::Unknown,
        unknowns,
    }
}

fn component(embedded: &Embedded, package: &EmbeddedPackage) -> Component {
    let (name, version) = (package.name.as_str(), package.version.as_str());
    let mut component = Component::named(ComponentKind::Library, name);
    component.version = Some(version.to_owned());
    component.scope = match package.kind {
        EmbeddedKind::Build => Scope::Build,
        EmbeddedKind::Runtime => Scope::Run,
    };
    let pin = embedded.pin_of(package);
    match (pin.map(|pin| &pin.origin), &package.source) {
        (Some(Origin::Source(source)), _) => {
            let id = PackageId {
                name: package.name.clone(),
                version: package.version.clone(),
                source: Some(source.clone()),
            };
            describe::from_source(&mut component, &id, source, pin.and_then(|pin| pin.checksum));
        }
        (Some(Origin::Path(path)), _) => component.purl = Some(purl::of_path(name, version, path)),
        (None, EmbeddedSource::CratesIo) => component.purl = Some(purl::of_crates_io(name, Some(version))),
        (None, source) => component.fact("source", text::line(source.as_str())),
    }
    if let Some(pin) = pin {
        component.fact("tree", pin.tree.to_string());
    }
    component
}

/// No two are the same: the list has no package twice.
fn reference(embedded: &Embedded, at: usize) -> String {
    let package = &embedded.packages[at];
    let purl = component(embedded, package).purl;
    purl.unwrap_or_else(|| format!("{at}:{}@{}", package.name, package.version))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
