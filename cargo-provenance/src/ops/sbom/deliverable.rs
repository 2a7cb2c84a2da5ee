//! What is delivered: files with their digests.

use std::path::Path;

use crate::attest::digests::DigestSet;
use crate::collect::opened::{self, Wanted};
use crate::report::failure::Failure;
use crate::sbom::{Component, Digests, File, Form, Kind as ComponentKind, Need, Purpose, Scope, text};

/// A file that was built.
#[derive(Clone, Debug)]
pub(super) struct Deliverable {
    /// Its name, without a folder.
    pub(super) name: String,
    /// What it is.
    pub(super) form: Form,
    /// Its digests.
    pub(super) digests: Digests,
    /// The references of the packages that it may be of.
    pub(super) of: Vec<String>,
}

/// Reads a file that somebody says was built.
pub(super) fn read(file: &Path) -> Result<Deliverable, Failure> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(of(&name, &opened::digests(file, Wanted::Sha256And512)?))
}

/// A file with these digests.
pub(super) fn of(name: &str, digests: &DigestSet) -> Deliverable {
    let digest = |algorithm| digests.get(algorithm).map(str::to_owned);
    let digests = Digests { sha256: digest("sha256"), sha512: digest("sha512") };
    Deliverable { form: form(name), name: text::line(name), digests, of: vec![] }
}

/// What a file is, by its name.
fn form(name: &str) -> Form {
    match name.rsplit_once('.') {
        Some((_, "a" | "lib" | "rlib")) => Form::Objects,
        _ => Form::Executable,
    }
}

/// Enters what was built: a single file is what the bill is about; several are parts of it, made from their packages.
pub(super) fn enter(
    deliverables: Vec<Deliverable>,
    subject: &mut Component,
    components: &mut Vec<Component>,
) {
    if let [Deliverable { name, form, digests, .. }] = &deliverables[..] {
        subject.digests = digests.clone();
        subject.file = Some(File { name: name.clone(), form: *form });
        return;
    }
    let mut needs = subject.needs.take().unwrap_or_default();
    for (number, Deliverable { name, form, digests, of }) in deliverables.into_iter().enumerate() {
        let mut part = Component::named(ComponentKind::Application, name.clone());
        part.reference = format!("file:{number}:{name}");
        part.version.clone_from(&subject.version);
        part.license = subject.license.clone();
        part.authors.clone_from(&subject.authors);
        part.scope = Scope::Run;
        part.file = Some(File { name, form });
        part.digests = digests;
        let source = |reference| Need { reference, purpose: Purpose::Source };
        part.needs = Some(of.into_iter().map(source).collect());
        needs.push(Need { reference: part.reference.clone(), purpose: Purpose::Run });
        components.push(part);
    }
    subject.needs = Some(needs);
}
