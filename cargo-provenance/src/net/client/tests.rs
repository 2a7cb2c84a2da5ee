//! A server of this machine that answers with whatever bytes a test has.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;
use crate::model::{Clock, Transport};
use crate::report::failure::{Explain, Kind};

/// A server, and what was asked of it so far.
struct Server {
    address: SocketAddr,
    asked: Receiver<String>,
}

impl Server {
    /// Answers every request with the same bytes, and then does nothing for some time.
    fn start(answer: impl Into<Vec<u8>>, pause: Duration) -> Self {
        let (answer, (heard, asked)) = (answer.into(), channel());
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = socket.local_addr().expect("an address");
        thread::spawn(move || {
            for mut stream in socket.incoming().map_while(Result::ok) {
                let mut request = vec![];
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    request.push(byte[0]);
                }
                let _ = heard.send(String::from_utf8_lossy(&request).into_owned());
                let _ = stream.write_all(&answer);
                thread::sleep(pause);
            }
        });
        Self { address, asked }
    }

    fn url(&self, path: &str) -> WebAddress {
        WebAddress::parse(&format!("http://{}{path}", self.address)).expect("an address")
    }
}

fn surroundings(network: Network, transport: Transport) -> Surroundings {
    Surroundings {
        directory: "/".into(),
        manifest_path: None,
        cargo_home: PathBuf::from("/nowhere"),
        cargo: "cargo".into(),
        lockfile: None,
        overrides: vec![],
        agent: None,
        network,
        offline_by: None,
        transport,
        clock: Clock(0),
        user: String::new(),
    }
}

fn client(network: Network, transport: Transport) -> Client {
    Client::new(&surroundings(network, transport)).expect("a client")
}

fn ask(answer: &str, limit: u64) -> Result<Body, NetError> {
    let server = Server::start(answer, Duration::ZERO);
    let transport = Transport { timeout: Some(2), ..Transport::default() };
    client(Network::Allowed, transport).get(&server.url("/a?token=secret"), limit)
}

#[test]
fn an_answer_is_handed_over_with_who_asked_told() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-Gitiles-Object-Type: blob\r\n\r\nYQ==";
    let server = Server::start(answer, Duration::ZERO);
    let body = client(Network::Allowed, Transport::default()).get(&server.url("/a"), 3).expect("an answer");
    assert_eq!((&body.bytes[..], body.gitiles_object.as_deref()), (&b"YQ="[..], Some("blob")));
    let asked = server.asked.recv().expect("a request").to_lowercase();
    assert!(
        asked.contains("user-agent: cargo-provenance/") && !asked.contains("accept-encoding: gzip"),
        "{asked}"
    );
}

#[test]
fn an_answer_that_is_not_what_was_asked_for_is_refused() {
    for (answer, message) in [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "answers with status 404"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n1234567", "sends more than 6 bytes"),
        (
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\n1",
            "sends something compressed",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 0\r\n\r\n",
            "is not protected",
        ),
        (
            "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n",
            "is no `https` address",
        ),
        (
            "HTTP/1.1 308 Moved\r\nLocation: https://a:b@example.org/\r\nContent-Length: 0\r\n\r\n",
            "holds credentials",
        ),
        ("HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n", "redirects more than 5 times"),
        ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "answers with status 302"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12", "cannot be fetched"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12", "cannot be fetched"),
        ("\u{1b}[2Jnonsense\r\n\r\n", "cannot be fetched"),
        ("", "cannot be fetched"),
    ] {
        let error = ask(answer, 6).expect_err(answer);
        let told = format!("{error} {:?}", error.help());
        assert!(told.contains(message) && !told.contains("secret"), "{answer}: {told}");
        assert_eq!(error.kind(), Kind::Undecided);
    }
}

#[test]
fn an_endless_answer_is_left() {
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let error = ask(&format!("{head}{}", "a".repeat(1_000_000)), 1_000).expect_err("too large");
    assert!(matches!(error, NetError::TooLarge { limit: 1_000, .. }), "{error}");
}

#[test]
fn a_server_that_says_nothing_is_left() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12"] {
        let server = Server::start(answer, Duration::from_secs(30));
        let transport = Transport { timeout: Some(1), ..Transport::default() };
        let error = client(Network::Allowed, transport).get(&server.url("/"), 9).expect_err("slow");
        let NetError::Failed { source, .. } = error else { panic!("{error}") };
        assert_eq!(source.to_string(), "it takes too long");
    }
}

#[test]
fn nobody_is_asked_offline() {
    let server = Server::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Duration::ZERO);
    let error =
        client(Network::Forbidden, Transport::default()).get(&server.url("/"), 9).expect_err("offline");
    assert!(matches!(error, NetError::Offline { .. }));
    assert!(server.asked.try_recv().is_err());
}

#[test]
fn a_proxy_carries_what_is_protected_and_its_password_is_not_told() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(answer, Duration::ZERO);
    let proxy = format!("http://me:hunter2@{}", server.address);
    let transport = Transport {
        proxy: Some(proxy),
        no_proxy: Some("internal.invalid".into()),
        timeout: Some(2),
        ..Transport::default()
    };
    let client = client(Network::Allowed, transport);
    let address = WebAddress::parse("https://example.invalid/a").expect("an address");
    let error = client.get(&address, 9).expect_err("the proxy refuses");
    let asked = server.asked.recv().expect("a request");
    assert!(asked.starts_with("CONNECT example.invalid:443 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.to_lowercase().contains("proxy-authorization: basic "), "{asked}");
    let NetError::Failed { source, .. } = &error else { panic!("{error}") };
    assert_eq!(source.to_string(), "the proxy does not let it through");
    let address = WebAddress::parse("https://internal.invalid/a").expect("an address");
    let error = client.get(&address, 9).expect_err("nobody there");
    assert!(matches!(error, NetError::Failed { .. }) && server.asked.try_recv().is_err());
}

#[test]
fn a_proxy_that_is_none_is_no_way_around_it() {
    for proxy in ["ftp://p:1", "http://", "a b"] {
        let transport = Transport { proxy: Some(proxy.into()), ..Transport::default() };
        let error = Client::new(&surroundings(Network::Allowed, transport)).err().expect("no proxy");
        assert!(!error.to_string().contains(proxy) && error.kind() == Kind::Usage, "{error}");
    }
}
