//! No credential in an address: every log on the way keeps one.

use countersign_tests::Answer;

use crate::common::{ME, UNAUTHORIZED, handshake, text, token, with};

const REFUSAL: &str = "Bearer error=\"invalid_request\", error_description=\"a token in the address is not accepted: send it as \
                       header, subprotocol or first message\"";

#[test]
fn a_token_in_the_address_is_401_without_a_socket_even_a_live_one() {
    let (server, _) = with("");
    let token = token(&server);
    let encoded = token.replace('|', "%7C");
    let bearer = format!("Bearer {token}");
    for name in ["token", "access_token", "api_token", "api-token", "auth_token", "%74oken", "Token", "jwt", "bearer"] {
        for value in [encoded.as_str(), "", "1%7Cdead"] {
            for headers in [&[][..], &[("Authorization", bearer.as_str())]] {
                let path = format!("/ws?room=1&{name}={value}");
                let refused = handshake(server.address(), &path, headers).err().unwrap();
                let challenge = refused.headers()["WWW-Authenticate"].to_str().unwrap();
                assert_eq!((refused.status().as_u16(), challenge), (401, REFUSAL), "{path}");
                assert_eq!(refused.body(), UNAUTHORIZED, "{path}");
            }
        }
    }
    let refused: Answer = server.anon().get(&format!("/ws?token={encoded}"));
    assert_eq!((refused.whole(), refused.header("WWW-Authenticate")), ((401, UNAUTHORIZED), REFUSAL));
}

#[test]
fn anything_else_may_stand_in_the_address() {
    let (server, _) = with("");
    let bearer = format!("Bearer {}", token(&server));
    let (mut socket, _) = handshake(server.address(), "/ws?room=1", &[("Authorization", &bearer)]).unwrap();
    assert_eq!(text(&mut socket), ME);
}

#[test]
fn the_answer_to_a_handshake_never_holds_the_token() {
    let (server, _) = with("");
    let token = token(&server);
    let secret = token.split_once('|').unwrap().1;
    for offered in [format!("bearer, {token}"), format!("bearer,{token},chat"), format!("chat, bearer, {token}")] {
        let (_, response) = handshake(server.address(), "/ws", &[("Sec-WebSocket-Protocol", &offered)]).unwrap();
        assert_eq!(response.headers().get_all("Sec-WebSocket-Protocol").iter().collect::<Vec<_>>(), ["bearer"]);
        assert!(!format!("{:?}", response.headers()).contains(secret));
    }
    let wrong = token.replace('|', "|wrong");
    let refused = handshake(server.address(), "/ws", &[("Sec-WebSocket-Protocol", &format!("bearer, {wrong}"))]);
    let refused = refused.err().unwrap();
    assert_eq!((refused.status().as_u16(), refused.body().as_str()), (401, UNAUTHORIZED));
    assert!(!format!("{:?}", refused.headers()).contains(secret));
}
