//! Signatures that must not count, and the few that do.

use std::path::Path;
use std::sync::LazyLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use proptest::prelude::*;
use sha2::{Digest, Sha512};

use super::sshsig::{Hash, armor, parse, signed_data};
use super::*;
use crate::admit::{Demand, admit};
use crate::error::Error;
use crate::manifest::Manifest;
use crate::toml;

const MANIFEST: &[u8] = b"the bytes of a manifest\n";

fn now() -> Moment {
    Moment::day("2026-11-25").expect("a day")
}

fn secret(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::from_bytes(secret(seed).verifying_key().as_bytes()).expect("a good key")
}

fn sign_for(seed: u8, namespace: &str, message: &[u8]) -> String {
    let signature = secret(seed).sign(&signed_data(namespace, Hash::Sha512, message));
    armor(&public(seed), namespace, &signature.to_bytes())
}

fn sign(seed: u8) -> String {
    sign_for(seed, NAMESPACE, MANIFEST)
}

fn line(seed: u8, options: &str) -> String {
    format!("key{seed}@example.org {options} {} a comment", public(seed))
}

fn trusted(line: &str) -> Result<TrustedKey, String> {
    TrustedKey::parse(line, Path::new("keys"), 7).map_err(|fault| fault.to_string())
}

fn trust(threshold: usize, lines: &[String]) -> Trust {
    let keys = lines.iter().map(|line| trusted(line).expect("a key")).collect();
    Trust { threshold, keys, ..Trust::default() }
}

fn policy(signing: &str) -> Result<Trust, Error> {
    let text = format!("version = 1\n[signing]\n{signing}\n");
    let file = Path::new("Provenance.toml");
    Trust::of_policy(&toml::parse(&text, file)?, &text, file)
}

/// The signers, or the whole message.
fn outcome(signatures: &str, trust: &Trust) -> Result<Vec<String>, String> {
    match check(MANIFEST, Some(signatures), trust, now()) {
        Ok(signed) => Ok(signed.signers.into_iter().map(|signer| signer.principals).collect()),
        Err(fault) => Err(format!("{fault}\n{}", fault.details().join("\n"))),
    }
}

fn refused(signatures: &str, trust: &Trust, why: &str) {
    let fault = outcome(signatures, trust).expect_err(why);
    assert!(fault.contains(why), "{fault}\nand not: {why}");
}

#[test]
fn a_trusted_key_that_signed_counts() {
    let trust = trust(1, &[line(1, ""), line(2, "")]);
    assert_eq!(outcome(&sign(1), &trust), Ok(vec!["key1@example.org".to_owned()]));
    let both = format!("{}\n{}{}", sign(3), sign(2), sign(1));
    assert_eq!(outcome(&both, &trust).map(|signers| signers.len()), Ok(2));
}

#[test]
fn keys_and_blocks_are_spelled_as_openssh_does() {
    assert_eq!(
        public(1).to_string(),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    );
    let text = sign(1);
    assert!(text.lines().all(|line| line.len() <= 70));
    let blocks = parse(&text).expect("a block");
    assert_eq!((blocks.len(), blocks[0].line, blocks[0].text.as_str()), (1, 1, text.as_str()));
}

#[test]
fn an_unsigned_manifest_is_refused() {
    let trust = trust(1, &[line(1, "")]);
    let fault = check(MANIFEST, None, &trust, now()).expect_err("unsigned");
    assert_eq!(fault.to_string(), "`Provenance.lock` is not signed: there is no `Provenance.lock.sig`");
    refused("", &trust, "`Provenance.lock` is not signed by a trusted key");
    refused(&sign(1), &super::Trust::default(), "no key is trusted");
}

#[test]
fn the_signature_of_another_key_or_over_other_bytes_is_refused() {
    let trust = trust(1, &[line(1, "")]);
    refused(&sign(2), &trust, "Provenance.lock.sig:1: SHA256:");
    refused(&sign(2), &trust, "its key is not trusted");
    refused(&sign_for(1, NAMESPACE, b"others"), &trust, "it does not belong to these bytes");
    // The block of an unknown key that claims to be a trusted one.
    let forged = secret(2).sign(&signed_data(NAMESPACE, Hash::Sha512, MANIFEST));
    refused(&armor(&public(1), NAMESPACE, &forged.to_bytes()), &trust, "it does not belong to these bytes");
}

#[test]
fn a_signature_for_another_namespace_is_refused() {
    let trust = trust(1, &[line(1, "")]);
    for namespace in ["git", "file", "cargo-provenance-audit", "", "cargo-provenance\0"] {
        refused(&sign_for(1, namespace, MANIFEST), &trust, "it was made for another namespace");
    }
    // Made for another, and relabelled.
    let signature = secret(1).sign(&signed_data("file", Hash::Sha512, MANIFEST));
    refused(
        &armor(&public(1), NAMESPACE, &signature.to_bytes()),
        &trust,
        "it does not belong to these bytes",
    );
}

#[test]
fn one_key_twice_is_one_key() {
    let twice = format!("{0}{0}", sign(1));
    let listed = [line(1, ""), line(1, "").replace("key1", "somebody-else"), line(2, "")];
    refused(&twice, &trust(2, &listed), "is signed by 1 of the 2 trusted keys that it takes");
    assert_eq!(outcome(&format!("{twice}{}", sign(2)), &trust(2, &listed)).map(|it| it.len()), Ok(2));
    refused(&twice, &trust(0, &[]), "no key is trusted");
}

#[test]
fn a_key_counts_only_while_and_for_what_it_is_trusted() {
    for (options, why) in [
        ("valid-after=\"20261126\"", "not valid yet"),
        ("valid-after=\"20261124Z\",valid-before=\"202611250000\"", "not valid any more"),
        ("namespaces=\"git,file\"", "trusted for other namespaces"),
    ] {
        refused(&sign(1), &trust(1, &[line(1, options)]), why);
        assert!(outcome(&sign(1), &trust(1, &[line(1, options), line(1, "")])).is_ok(), "{options}");
    }
    for options in
        ["valid-after=\"20261125\",valid-before=\"20261126\"", "namespaces=\"git,cargo-provenance\""]
    {
        assert!(outcome(&sign(1), &trust(1, &[line(1, options)])).is_ok(), "{options}");
    }
}

#[test]
fn a_revoked_key_counts_no_more_whoever_names_it() {
    let fingerprint = public(1).fingerprint();
    let since = |day: &str| {
        format!("revoked = [{{ key = \"{fingerprint}\", since = \"{day}\", reason = \"left\" }}]")
    };
    for (text, counts) in [
        (format!("revoked = [\"{fingerprint} stolen laptop\"]"), false),
        (since("2026-11-25"), false),
        (since("2026-11-26"), true),
        (format!("revoked = [\"{} another\"]", public(2).fingerprint()), true),
    ] {
        let demand = Demand { keys: vec![trusted(&line(1, "")).expect("a key")], ..Demand::default() };
        let trust = demand.on(policy(&text).expect("a policy"));
        assert_eq!(outcome(&sign(1), &trust).is_ok(), counts, "{text}");
    }
}

#[test]
fn what_the_caller_names_wins_and_a_demand_is_only_raised() {
    let text = format!("required = true\nthreshold = 2\nkeys = [{0:?}, {1:?}]", line(1, ""), line(2, ""));
    let policy = policy(&text).expect("a policy");
    assert_eq!(Demand::default().on(policy.clone()), policy);
    let keys = vec![trusted(&line(3, "")).expect("a key")];
    let trust = Demand { required: false, threshold: 1, keys }.on(policy);
    assert_eq!((trust.required, trust.threshold, trust.keys.len()), (true, 2, 1));
    refused(&format!("{}{}", sign(1), sign(2)), &trust, "not signed by a trusted key");
}

/// The signature with which a scalar `s` and a point `r`, as bytes, try their luck.
fn crafted(r: [u8; 32], s: Scalar) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice(s.as_bytes());
    signature
}

#[test]
fn a_signature_with_a_point_of_small_order_is_refused_where_a_lax_check_accepts_it() {
    // An honest key whose owner made a signature with R = 0: S = H(R, A, M) a.
    let mut identity = [0; 32];
    identity[0] = 1;
    let data = signed_data(NAMESPACE, Hash::Sha512, MANIFEST);
    let hash = Sha512::digest(secret(1).to_bytes());
    let a = Scalar::from_bytes_mod_order(clamp_integer(hash[..32].try_into().expect("32 bytes")));
    let key = secret(1).verifying_key();
    assert_eq!((a * ED25519_BASEPOINT_POINT).compress().as_bytes(), key.as_bytes());
    let digest =
        Sha512::new().chain_update(identity).chain_update(key.as_bytes()).chain_update(&data).finalize();
    let k = Scalar::from_bytes_mod_order_wide(&digest.into());
    let signature = crafted(identity, k * a);
    assert!(key.verify(&data, &Signature::from_bytes(&signature)).is_ok(), "the vector is no vector");
    refused(
        &armor(&public(1), NAMESPACE, &signature),
        &trust(1, &[line(1, "")]),
        "it does not belong to these bytes",
    );
}

#[test]
fn keys_that_verify_almost_anything_are_refused_when_they_are_loaded() {
    let mut identity = [0; 32];
    identity[0] = 1;
    // The same point, written as y = p + 1 (RFC 8032 §5.1.3 wants y < p), and written with a sign that x = 0 has not.
    let mut large = [0xff; 32];
    (large[0], large[31]) = (0xee, 0x7f);
    let mut signed = identity;
    signed[31] = 0x80;
    let data = signed_data(NAMESPACE, Hash::Sha512, MANIFEST);
    let signature = Signature::from_bytes(&crafted(identity, Scalar::ZERO));
    for (bytes, why) in [
        (identity, "a weak key: a point of small order"),
        (large, "a key that is not in canonical form"),
        (signed, "a weak key: a point of small order"),
        ([0; 32], "a weak key: a point of small order"),
    ] {
        let key = VerifyingKey::from_bytes(&bytes).expect("accepted by the lax");
        if bytes != [0; 32] {
            assert!(key.verify(&data, &signature).is_ok(), "the vector is no vector: {bytes:02x?}");
        }
        assert_eq!(PublicKey::from_bytes(&bytes), Err(why));
        let mut blob = vec![];
        key::put(&mut blob, b"ssh-ed25519");
        key::put(&mut blob, &bytes);
        let error = trusted(&format!("a ssh-ed25519 {}", base64::encode(&blob))).expect_err("refused");
        assert_eq!(error, format!("keys:7: {why}"));
    }
    // Keys that are not of small order and not canonical.
    let strange = (0xed..=0xff_u8).filter_map(|low| {
        let mut bytes = large;
        bytes[0] = low;
        VerifyingKey::from_bytes(&bytes).ok().filter(|key| !key.is_weak()).map(|_| bytes)
    });
    let strange = strange.collect::<Vec<_>>();
    assert!(!strange.is_empty(), "the vectors are no vectors");
    for bytes in strange {
        assert_eq!(PublicKey::from_bytes(&bytes), Err("a key that is not in canonical form"));
    }
}

#[test]
fn a_signature_with_another_spelling_of_the_same_number_is_refused() {
    // S + L is the same scalar; RFC 8032 §5.1.7 wants S < L.
    const L: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut signature = secret(1).sign(&signed_data(NAMESPACE, Hash::Sha512, MANIFEST)).to_bytes();
    let mut carry = 0;
    for (byte, order) in signature[32..].iter_mut().zip(L) {
        carry += u16::from(*byte) + u16::from(order);
        *byte = carry as u8;
        carry >>= 8;
    }
    refused(
        &armor(&public(1), NAMESPACE, &signature),
        &trust(1, &[line(1, "")]),
        "it does not belong to these bytes",
    );
}

#[test]
fn lines_of_allowed_signers_are_read_strictly() {
    let key = public(1).to_string();
    for (line, principals) in [
        (key.clone(), ""),
        (format!("{key} a comment"), ""),
        (format!("a@b,c@d {key}"), "a@b,c@d"),
        (format!("\t\"a b\"  namespaces=\"cargo-provenance\"\t{key}"), "a b"),
    ] {
        assert_eq!(trusted(&line).map(|trusted| trusted.principals), Ok(principals.to_owned()), "{line}");
    }
    for (line, why) in [
        ("a".to_owned(), "a line without a key"),
        (format!("a cert-authority {key}"), "an option that is not known: `cert-authority`"),
        (
            format!("a cert-authority,namespaces=\"x\" {key}"),
            "an option that is not known: `cert-authority,namespaces`",
        ),
        (format!("a valid_after=\"20260101\" {key}"), "an option that is not known: `valid_after`"),
        (format!("a valid-after=20260101 {key}"), "option `valid-after` needs a value in quotation marks"),
        (format!("a valid-after=\"soon\" {key}"), "`valid-after` is not a time"),
        (
            format!("a valid-after=\"20260101\",valid-after=\"20260101\" {key}"),
            "option `valid-after` stands twice",
        ),
        (
            format!("a valid-after=\"20260101\"valid-before=\"20270101\" {key}"),
            "options that are not separated by a comma",
        ),
        (format!("a namespaces=\"*\" {key}"), "a pattern in `namespaces`"),
        (format!("\"a {key}"), "a quotation mark that is not closed"),
        (format!("valid-before=\"20200101\" {key}"), "an option in the place of the name"),
        (format!("cert-authority {key}"), "an option in the place of the name"),
        (
            "a sk-ssh-ed25519@openssh.com AAAA".to_owned(),
            "a key that is not `ssh-ed25519`: `sk-ssh-ed25519@openssh.com`",
        ),
        ("a ssh-rsa AAAA".to_owned(), "a key that is not `ssh-ed25519`: `ssh-rsa`"),
        ("a ssh-ed25519 AAA".to_owned(), "a key that is not base64"),
        ("a ssh-ed25519 AAAA".to_owned(), "a key that is not `ssh-ed25519`"),
        (key.replace("ssh-ed25519", "ssh-ed25519\u{7}"), "a key with a control character"),
    ] {
        let error = trusted(&line).expect_err(&line);
        assert!(error.starts_with(&format!("keys:7: {why}")), "{error}\nand not: {why}");
    }
    let file = format!("# ours\n\n{}\nb {key}\r\n", line(2, ""));
    let keys = TrustedKey::parse_all(&file, Path::new("keys")).expect("keys");
    assert_eq!(keys.iter().map(|key| key.line).collect::<Vec<_>>(), [3, 4]);
    assert!(TrustedKey::parse_all("# none\n", Path::new("keys")).is_err());
}

#[test]
fn the_policy_is_read_strictly() {
    let good = format!("required = true\nthreshold = 1\nrevoked = []\nkeys = [{:?}]", line(1, ""));
    assert_eq!(policy(&good).map(|trust| trust.keys[0].line).expect("a policy"), 6);
    let print = public(1).fingerprint();
    for (text, why) in [
        ("requird = true".to_owned(), ":3: `requird` is not a key of `signing`"),
        ("required = \"true\"".to_owned(), ":3: `required` is not a boolean"),
        ("threshold = 0".to_owned(), ":3: `threshold` is not a number from 1 to 64"),
        ("threshold = 65".to_owned(), ":3: `threshold` is not a number from 1 to 64"),
        ("keys = \"a\"".to_owned(), ":3: `keys` is not a list"),
        ("keys = [1]".to_owned(), ":3: an entry of `keys` is not a text"),
        ("keys = [\n\"a ssh-rsa AAAA\"]".to_owned(), ":4: a key that is not `ssh-ed25519`: `ssh-rsa`"),
        ("revoked = [1]".to_owned(), ":3: an entry of `revoked` is neither a text nor a table"),
        ("revoked = [\"SHA256:abc x\"]".to_owned(), ":3: an entry of `revoked` without a fingerprint"),
        (format!("revoked = [\"{print}\"]"), ":3: a key is revoked without a reason"),
        (
            format!("revoked = [{{ key = \"{print}\", since = \"soon\", reason = \"x\" }}]"),
            ":3: `since` is not a day",
        ),
        (
            format!("revoked = [{{ key = \"{print}\", until = \"2026-01-01\", reason = \"x\" }}]"),
            "has something else than `key`, `since` and `reason`",
        ),
        (
            format!("revoked = [{{ key = \"{print}\", since = 1, reason = \"x\" }}]"),
            "has something else than `key`, `since` and `reason`",
        ),
    ] {
        let error = policy(&text).expect_err(&text).to_string();
        assert!(error.contains(why), "{error}\nand not: {why}");
    }
    let file = Path::new("p");
    let text = "signing = 1";
    assert!(Trust::of_policy(&toml::parse(text, file).expect("TOML"), text, file).is_err());
}

#[test]
fn blocks_are_read_strictly() {
    let good = sign(1);
    assert_eq!(parse(&format!("\n{good}\n{good}\n")).map(|blocks| blocks[1].line), Ok(9));
    assert_eq!(parse(good.trim_end()).map(|blocks| blocks[0].text.clone()), Ok(good.clone()));
    let blob = {
        let encoded = good.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        base64::decode(&encoded).expect("base64")
    };
    let armored = |blob: &[u8]| {
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", base64::encode(blob))
    };
    let with = |at: usize, byte: u8| {
        let mut blob = blob.clone();
        blob[at] = byte;
        armored(&blob)
    };
    assert!(parse(&armored(&blob)).is_ok());
    let longer = [&blob[..], b"x"].concat();
    for (text, line, why) in [
        (good.replace('\n', "\r\n"), 1, "its line ends were rewritten (CRLF)"),
        (format!("{good}# a comment\n"), 7, "expected `-----BEGIN SSH SIGNATURE-----`"),
        (format!(" {good}"), 1, "expected `-----BEGIN SSH SIGNATURE-----`"),
        (good.replace("-----END", "-----end"), 1, "a block that begins here has no"),
        (good.replace("U1NIU0lH", "U1NIU0l "), 1, "a block that is not base64"),
        (armored(&blob[..blob.len() - 1]), 1, "a signature of a form that is not known"),
        (armored(&longer), 1, "a signature of a form that is not known"),
        (armored(b""), 1, "a signature of a form that is not known"),
        (with(0, b'X'), 1, "a signature of a form that is not known"),
        (with(9, 2), 1, "a signature of a version that is not known"),
        (with(10, 0xff), 1, "a signature of a form that is not known"),
        (with(20, b'x'), 1, "a signature of a key that is not `ssh-ed25519`"),
        ("\n".repeat(70_000), 0, "it has more than 65536 bytes"),
    ] {
        let (found, what) = parse(&text).expect_err(why);
        assert!(what.starts_with(why), "{what}\nand not: {why}");
        assert_eq!(found, line, "{why}");
        let fault = outcome(&text, &trust(1, &[line_of_one()])).expect_err("refused");
        assert!(fault.starts_with("Provenance.lock.sig"), "{fault}");
    }
}

fn line_of_one() -> String {
    line(1, "")
}

#[test]
fn the_older_hash_of_ssh_keygen_is_accepted_and_no_other() {
    let signature = secret(1).sign(&signed_data(NAMESPACE, Hash::Sha256, MANIFEST));
    let claims_sha512 = armor(&public(1), NAMESPACE, &signature.to_bytes());
    let trust = trust(1, &[line(1, "")]);
    refused(&claims_sha512, &trust, "it does not belong to these bytes");
    let swap = |to: &str| {
        let encoded = claims_sha512.lines().filter(|line| !line.starts_with('-')).collect::<String>();
        let mut blob = base64::decode(&encoded).expect("base64");
        let at = blob.windows(6).position(|part| part == b"sha512").expect("the hash");
        blob[at..at + 6].copy_from_slice(to.as_bytes());
        format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", base64::encode(&blob))
    };
    assert!(outcome(&swap("sha256"), &trust).is_ok());
    refused(&swap("sha1__"), &trust, "a signature over a hash other than");
}

#[test]
fn a_policy_that_was_swapped_is_refused() {
    let root = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| std::fs::write(root.path().join(name), text).expect("written");
    let ours = format!("version = 1\n[signing]\nrequired = true\nkeys = [{:?}]\n", line(1, ""));
    let table = toml::parse(&ours, Path::new("p")).expect("TOML");
    let text = format!(
        "# Written by cargo-provenance. Review its changes like code; do not edit it.\nversion = 1\npolicy = \"{}\"\n",
        policy_digest(&table)
    );
    let manifest = Manifest::parse(text.as_bytes(), Path::new("Provenance.lock")).expect("a manifest");
    let admit = |demand: &Demand| {
        admit(root.path(), &manifest, text.as_bytes(), demand, now())
            .map(|signed| signed.map_or(0, |signed| signed.signers.len()))
            .map_err(|fault| fault.to_string())
    };
    write("Provenance.lock.sig", &sign_for(1, NAMESPACE, text.as_bytes()));
    let demand = Demand { required: true, threshold: 0, keys: vec![trusted(&line(1, "")).expect("a key")] };
    assert!(admit(&demand).expect_err("no policy").contains("there is no `"));
    write("Provenance.toml", &ours);
    assert_eq!(admit(&demand), Ok(1));
    assert_eq!(admit(&Demand::default()), Ok(1));
    write("Provenance.toml", &format!("# a comment\n{ours}"));
    assert_eq!(admit(&demand), Ok(1));
    for other in [format!("{ours}threshold = 1\n"), ours.replace("true", "false"), "version = 1\n".to_owned()]
    {
        write("Provenance.toml", &other);
        assert!(
            admit(&demand).expect_err("swapped").contains("`Provenance.toml` is not the one that was signed"),
            "{other}"
        );
    }
    // Without keys from elsewhere the attacker's policy speaks for itself, which is what they are for.
    assert_eq!(admit(&Demand::default()), Ok(0));
    write("Provenance.toml", &ours);
    std::fs::remove_file(root.path().join("Provenance.lock.sig")).expect("removed");
    assert!(admit(&Demand::default()).expect_err("unsigned").contains("there is no `Provenance.lock.sig`"));
}

proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "\\PC{0,200}", bytes: Vec<u8>) {
        let _ = parse(&text);
        let _ = parse(&format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", base64::encode(&bytes)));
        let _ = trusted(&text);
        let _ = trusted(&format!("a {text} {}", public(1)));
        let _ = Fingerprint::parse(&text);
        let _ = policy(&text);
        let _ = policy(&format!("keys = [{text:?}]\nrevoked = [{text:?}]"));
    }

    #[test]
    fn a_changed_byte_never_makes_a_signature(at in 0usize..400, byte: u8) {
        static GOOD: LazyLock<String> = LazyLock::new(|| sign(1));
        let good = &*GOOD;
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        // A line end that moved, or more of them, is the same block.
        if let Ok(text) = String::from_utf8(bytes) {
            let same = text.lines().collect::<String>() == good.lines().collect::<String>();
            prop_assert!(same || outcome(&text, &trust(1, &[line(1, "")])).is_err());
        }
    }
}
