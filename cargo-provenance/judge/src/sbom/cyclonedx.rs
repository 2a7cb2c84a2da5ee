//! CycloneDX 1.6 as JSON (ECMA-424). The structures have what a [`Bill`] can say, in the order of the schema.

use serde::Serialize;

use super::identity::uuid;
use super::{
    Bill, Component, Contact, Context, Digests, Form, Kind, License, LinkKind, NAMESPACE, Scope, Target,
    UNKNOWN,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata<'a>,
    components: Vec<Part<'a>>,
    dependencies: Vec<Dependency<'a>>,
    compositions: Vec<Composition<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    timestamp: String,
    lifecycles: [Lifecycle; 1],
    tools: Tools,
    #[serde(skip_serializing_if = "Option::is_none")]
    authors: Option<[Person<'a>; 1]>,
    component: Part<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manufacturer: Option<Organization<'a>>,
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Lifecycle {
    phase: &'static str,
}

#[derive(Serialize)]
struct Tools {
    components: [Tool; 1],
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Person<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

#[derive(Serialize)]
struct Organization<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact: Option<[Person<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Organization<'a>>,
    authors: Vec<Person<'a>>,
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
    licenses: [Licensed; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pedigree: Option<Origin<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    external_references: Vec<Reference<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize)]
struct Hash<'a> {
    alg: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Licensed {
    Expression { expression: String, acknowledgement: &'static str },
    Named { license: Named },
}

#[derive(Serialize)]
struct Named {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledgement: Option<&'static str>,
}

#[derive(Serialize)]
struct Origin<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ancestors: Vec<Ancestor<'a>>,
    notes: &'a str,
}

#[derive(Serialize)]
struct Ancestor<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purl: Option<&'a str>,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash<'a>>,
}

#[derive(Serialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    depends_on: Vec<&'a str>,
}

#[derive(Serialize)]
struct Composition<'a> {
    aggregate: &'static str,
    dependencies: Vec<&'a str>,
}

/// Writes a bill that is sorted.
pub fn write(bill: &Bill) -> serde_json::Result<String> {
    let mut document = Document {
        schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: metadata(bill),
        components: bill.components.iter().map(part).collect(),
        dependencies: bill.all().map(dependency).collect(),
        compositions: compositions(bill),
    };
    document.serial_number = Some(format!("urn:uuid:{}", uuid(&serde_json::to_vec(&document)?)));
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn metadata(bill: &Bill) -> Metadata<'_> {
    let mut properties = match &bill.target {
        Target::All => vec![property("cdx:rustc:sbom:target:all_targets", "true")],
        Target::Triples(triples) => {
            triples.iter().map(|triple| property("cdx:rustc:sbom:target:triple", triple)).collect()
        }
        Target::Unknown => vec![own("target", UNKNOWN)],
    };
    properties.extend(bill.unknowns.iter().map(|line| own("not-known", line)));
    Metadata {
        timestamp: bill.made.to_string(),
        lifecycles: [Lifecycle { phase: Context::as_str(bill.context) }],
        tools: Tools {
            components: [Tool {
                kind: "application",
                name: crate::model::TOOL,
                version: env!("CARGO_PKG_VERSION"),
            }],
        },
        authors: bill.author.is_none().then_some([Person { name: UNKNOWN, email: None }]),
        component: part(&bill.subject),
        manufacturer: bill.author.as_ref().map(organization),
        properties,
    }
}

fn part(component: &Component) -> Part<'_> {
    let mut authors = component.authors.iter().map(person).collect::<Vec<_>>();
    if authors.is_empty() {
        authors.push(Person { name: UNKNOWN, email: None });
    }
    Part {
        kind: match component.kind {
            Kind::Application => "application",
            Kind::Library => "library",
        },
        reference: &component.reference,
        supplier: component.supplier.as_ref().map(organization),
        authors,
        name: &component.name,
        version: component.version.as_deref().unwrap_or(UNKNOWN),
        description: component.description.as_deref(),
        scope: match component.scope {
            Scope::Build => Some("excluded"),
            Scope::Run => Some("required"),
            Scope::Subject => None,
        },
        hashes: hashes(&component.digests),
        licenses: [licensed(&component.license)],
        purl: component.purl.as_deref(),
        pedigree: component.pedigree.as_ref().map(|pedigree| Origin {
            ancestors: pedigree.ancestor.iter().map(ancestor).collect(),
            notes: &pedigree.notes,
        }),
        external_references: component.links.iter().map(|link| reference(link, &component.digests)).collect(),
        properties: properties(component),
    }
}

fn ancestor(ancestor: &super::Ancestor) -> Ancestor<'_> {
    let version = ancestor.version.as_deref();
    Ancestor { kind: "library", name: &ancestor.name, version, purl: ancestor.purl.as_deref() }
}

fn reference<'a>(link: &'a super::Link, digests: &'a Digests) -> Reference<'a> {
    let (kind, hashes) = match link.kind {
        LinkKind::Distribution => ("distribution", hashes(digests)),
        LinkKind::Documentation => ("documentation", vec![]),
        LinkKind::Vcs => ("vcs", vec![]),
        LinkKind::Website => ("website", vec![]),
    };
    Reference { kind, url: &link.url, hashes }
}

fn hashes(digests: &Digests) -> Vec<Hash<'_>> {
    let both = [("SHA-256", &digests.sha256), ("SHA-512", &digests.sha512)];
    both.into_iter().filter_map(|(alg, digest)| Some(Hash { alg, content: digest.as_deref()? })).collect()
}

fn licensed(license: &License) -> Licensed {
    let named = |name: &str, acknowledgement| Licensed::Named {
        license: Named { name: name.to_owned(), acknowledgement },
    };
    match license {
        License::Expression(expression) => {
            Licensed::Expression { expression: expression.canonical(), acknowledgement: "declared" }
        }
        License::Other(text) => named(text, Some("declared")),
        License::File(_) | License::Unknown => named(UNKNOWN, None),
    }
}

/// What TR-03183-2 (section 5.2.2) and this program have names for.
fn properties(component: &Component) -> Vec<Property> {
    let mut properties = vec![];
    if let Some(file) = &component.file {
        let (executable, archive, structured) = match file.form {
            Form::Archive => ("non-executable", "archive", "structured"),
            Form::Executable => ("executable", "no archive", "unstructured"),
            Form::Objects => ("non-executable", "archive", "structured"),
        };
        properties.extend([
            property("bsi:component:filename", &file.name),
            property("bsi:component:executable", executable),
            property("bsi:component:archive", archive),
            property("bsi:component:structured", structured),
        ]);
    }
    if let License::File(name) = &component.license {
        properties.push(own("license-file", name));
    }
    properties.extend(component.facts.iter().map(|(name, value)| own(name, value)));
    properties
}

fn dependency(component: &Component) -> Dependency<'_> {
    let needs = component.needs.iter().flatten();
    Dependency {
        reference: &component.reference,
        depends_on: needs.map(|need| need.reference.as_str()).collect(),
    }
}

/// Whose dependencies are all there, and whose may be more than what is listed.
fn compositions(bill: &Bill) -> Vec<Composition<'_>> {
    let of = |aggregate, wanted: fn(&Component) -> bool| {
        let all = bill.all().filter(|component| wanted(component));
        Composition { aggregate, dependencies: all.map(|component| component.reference.as_str()).collect() }
    };
    let all = [
        of("complete", |component| component.needs.is_some() && !component.opaque),
        of("incomplete", |component| component.needs.is_some() && component.opaque),
        of("unknown", |component| component.needs.is_none()),
    ];
    all.into_iter().filter(|composition| !composition.dependencies.is_empty()).collect()
}

fn person(contact: &Contact) -> Person<'_> {
    Person { name: &contact.name, email: contact.email.as_deref() }
}

fn organization(contact: &Contact) -> Organization<'_> {
    Organization {
        name: &contact.name,
        url: contact.url.as_deref().map(|url| [url]),
        contact: contact.email.as_deref().map(|email| [Person { name: &contact.name, email: Some(email) }]),
    }
}

fn own(name: &str, value: &str) -> Property {
    property(&format!("{NAMESPACE}:{name}"), value)
}

fn property(name: &str, value: &str) -> Property {
    Property { name: name.to_owned(), value: value.to_owned() }
}
