//! SPDX 2.3 as JSON (ISO/IEC 5962 and its successor). What the format has no field for is an annotation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::identity::uuid;
use super::{Bill, Component, Contact, Kind, License, LinkKind, NAMESPACE, Purpose, Scope, Target, UNKNOWN};

const NO_ASSERTION: &str = "NOASSERTION";

/// The element that stands for the document.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    spdx_version: &'static str,
    data_license: &'static str,
    #[serde(rename = "SPDXID")]
    id: &'static str,
    name: &'a str,
    document_namespace: String,
    comment: String,
    creation_info: Creation,
    packages: Vec<Package<'a>>,
    relationships: Vec<Relationship<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    has_extracted_licensing_infos: Vec<Extracted>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Creation {
    created: String,
    creators: Vec<String>,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Package<'a> {
    #[serde(rename = "SPDXID")]
    id: &'a str,
    name: &'a str,
    version_info: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_file_name: Option<&'a str>,
    supplier: String,
    originator: String,
    download_location: &'a str,
    files_analyzed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checksums: Vec<Checksum<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    homepage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_info: Option<&'a str>,
    license_concluded: &'static str,
    license_declared: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    license_comments: Option<String>,
    copyright_text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_refs: Vec<External<'a>>,
    primary_package_purpose: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<Annotation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checksum<'a> {
    algorithm: &'static str,
    checksum_value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct External<'a> {
    reference_category: &'static str,
    reference_type: &'static str,
    reference_locator: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation {
    annotation_date: String,
    annotation_type: &'static str,
    annotator: String,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Relationship<'a> {
    spdx_element_id: &'a str,
    relationship_type: &'static str,
    related_spdx_element: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Extracted {
    license_id: String,
    extracted_text: &'static str,
    name: String,
}

/// Writes a bill that is sorted.
pub fn write(bill: &Bill) -> serde_json::Result<String> {
    let ids =
        bill.all().map(|component| (component.reference.as_str(), id(component))).collect::<BTreeMap<_, _>>();
    let made = bill.made.to_string();
    let tool = format!("Tool: {}-{}", crate::model::TOOL, env!("CARGO_PKG_VERSION"));
    let author = bill.author.as_ref().map_or_else(|| format!("Organization: {UNKNOWN}"), organization);
    let mut document = Document {
        spdx_version: "SPDX-2.3",
        data_license: "CC0-1.0",
        id: DOCUMENT,
        name: &bill.subject.name,
        document_namespace: String::new(),
        comment: comment(bill),
        creation_info: Creation {
            created: made.clone(),
            creators: vec![author, tool.clone()],
            comment: format!("generation context: {}", bill.context.as_str()),
        },
        packages: bill.all().map(|component| package(component, &ids, &made, &tool)).collect(),
        relationships: relationships(bill, &ids),
        has_extracted_licensing_infos: extracted(bill),
    };
    // The namespace that the specification (section 6.5) offers those who have no place of their own.
    document.document_namespace = format!(
        "https://spdx.org/spdxdocs/{}-{}",
        escaped(&bill.subject.name),
        uuid(&serde_json::to_vec(&document)?)
    );
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn comment(bill: &Bill) -> String {
    let target = match &bill.target {
        Target::All => "all".to_owned(),
        Target::Triples(triples) => triples.join(", "),
        Target::Unknown => UNKNOWN.to_owned(),
    };
    let mut comment = format!("targets: {target}");
    for line in &bill.unknowns {
        let _ = write!(comment, "\nnot known: {line}");
    }
    comment
}

fn package<'a>(
    component: &'a Component,
    ids: &'a BTreeMap<&str, String>,
    made: &str,
    tool: &str,
) -> Package<'a> {
    let link = |kind| component.links.iter().find(|link| link.kind == kind).map(|link| link.url.as_str());
    let download = link(LinkKind::Distribution);
    let mut facts =
        component.facts.iter().map(|(name, value)| format!("{NAMESPACE}:{name}={value}")).collect::<Vec<_>>();
    if component.scope == Scope::Build {
        facts.insert(0, format!("{NAMESPACE}:scope=build"));
    }
    let annotation = |comment| Annotation {
        annotation_date: made.to_owned(),
        annotation_type: "OTHER",
        annotator: tool.to_owned(),
        comment,
    };
    let checksums = [("SHA256", &component.digests.sha256), ("SHA512", &component.digests.sha512)];
    let checksums = checksums
        .into_iter()
        .filter_map(|(algorithm, digest)| Some(Checksum { algorithm, checksum_value: digest.as_deref()? }));
    Package {
        id: named(ids, &component.reference),
        name: &component.name,
        version_info: component.version.as_deref().unwrap_or(UNKNOWN),
        package_file_name: component.file.as_ref().map(|file| file.name.as_str()),
        supplier: supplier(component),
        originator: component.authors.first().map_or_else(|| NO_ASSERTION.to_owned(), person),
        download_location: download.unwrap_or(NO_ASSERTION),
        files_analyzed: false,
        checksums: checksums.collect(),
        homepage: link(LinkKind::Website)
            .or_else(|| link(LinkKind::Vcs).filter(|url| url.starts_with("http"))),
        source_info: component.pedigree.as_ref().map(|pedigree| pedigree.notes.as_str()),
        license_concluded: NO_ASSERTION,
        license_declared: match &component.license {
            License::Expression(expression) => expression.canonical(),
            License::Other(_) | License::File(_) | License::Unknown => NO_ASSERTION.to_owned(),
        },
        license_comments: match &component.license {
            License::Expression(_) | License::Unknown => None,
            License::File(name) => Some(format!("the manifest names a file: {name}")),
            License::Other(text) => Some(format!("the manifest says, which is no SPDX expression: {text}")),
        },
        copyright_text: NO_ASSERTION,
        description: component.description.as_deref(),
        external_refs: component
            .purl
            .iter()
            .map(|purl| External {
                reference_category: "PACKAGE-MANAGER",
                reference_type: "purl",
                reference_locator: purl,
            })
            .collect(),
        primary_package_purpose: match component.kind {
            Kind::Application => "APPLICATION",
            Kind::Library => "LIBRARY",
        },
        annotations: facts.into_iter().map(annotation).collect(),
    }
}

/// SPDX has the same field for who made a package and for who hands it on; where nobody hands it on, it is the maker.
fn supplier(component: &Component) -> String {
    match (&component.supplier, component.authors.first()) {
        (Some(supplier), _) => organization(supplier),
        (None, Some(author)) => person(author),
        (None, None) => format!("Organization: {UNKNOWN}"),
    }
}

fn relationships<'a>(bill: &'a Bill, ids: &'a BTreeMap<&str, String>) -> Vec<Relationship<'a>> {
    let relation = |spdx_element_id, relationship_type, related_spdx_element| Relationship {
        spdx_element_id,
        relationship_type,
        related_spdx_element,
    };
    let mut all = vec![relation(DOCUMENT, "DESCRIBES", named(ids, &bill.subject.reference))];
    for component in bill.all() {
        let own = named(ids, &component.reference);
        match &component.needs {
            None => all.push(relation(own, "DEPENDS_ON", NO_ASSERTION)),
            Some(needs) if needs.is_empty() => all.push(relation(own, "DEPENDS_ON", "NONE")),
            Some(needs) => all.extend(needs.iter().map(|need| {
                let other = named(ids, &need.reference);
                match need.purpose {
                    Purpose::Run => relation(own, "DEPENDS_ON", other),
                    Purpose::Build => relation(other, "BUILD_DEPENDENCY_OF", own),
                    Purpose::Source => relation(own, "GENERATED_FROM", other),
                }
            })),
        }
        if component.opaque && component.needs.is_some() {
            all.push(relation(own, "DEPENDS_ON", NO_ASSERTION));
        }
    }
    all
}

/// The specification (section 10.1) wants each license that has no identifier described.
fn extracted(bill: &Bill) -> Vec<Extracted> {
    let references = bill.all().filter_map(|component| match &component.license {
        License::Expression(expression) => Some(expression.references()),
        _ => None,
    });
    let references = references.flatten().filter(|name| !name.contains(':')).collect::<BTreeSet<_>>();
    let describe = |license_id: String| Extracted {
        name: license_id.trim_start_matches("LicenseRef-").to_owned(),
        license_id,
        extracted_text: "The text of this license is in the package, not in this document.",
    };
    references.into_iter().map(describe).collect()
}

fn named<'a>(ids: &'a BTreeMap<&str, String>, reference: &str) -> &'a str {
    ids.get(reference).map_or(NO_ASSERTION, String::as_str)
}

/// The identifier of a component: the reference in letters, digits, `.` and `-`, so that no two are the same.
fn id(component: &Component) -> String {
    let reference = &component.reference;
    format!("SPDXRef-{}", escaped(reference.strip_prefix("pkg:cargo/").unwrap_or(reference)))
}

/// What is no letter, digit or `.` becomes `-x` and two hex digits; `-` is doubled, and `@` becomes `-v`. What follows a single
/// `-` tells which it was.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' => escaped.push_str("--"),
            b'@' => escaped.push_str("-v"),
            byte if byte.is_ascii_alphanumeric() || byte == b'.' => escaped.push(char::from(byte)),
            byte => {
                let _ = write!(escaped, "-x{byte:02X}");
            }
        }
    }
    escaped
}

fn person(contact: &Contact) -> String {
    entity("Person", contact)
}

fn organization(contact: &Contact) -> String {
    entity("Organization", contact)
}

/// Parentheses hold the address and nothing else.
fn entity(kind: &str, contact: &Contact) -> String {
    let name = contact.name.replace('(', "[").replace(')', "]");
    match &contact.email {
        Some(email) => format!("{kind}: {name} ({email})"),
        None => format!("{kind}: {name}"),
    }
}
