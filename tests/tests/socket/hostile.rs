//! Who sends what nobody should.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use tungstenite::{
    Message,
    protocol::frame::{
        Frame, FrameSocket,
        coding::{Data, OpCode},
    },
};

use crate::common::{ME, closed, entered, opened, text, token, with};

#[test]
fn a_message_over_64_kib_closes_it_with_1009() {
    let (server, _) = with("");
    let token = token(&server);
    let mut socket = opened(&server, &token);
    socket.send(Message::text("x".repeat(65_536))).unwrap();
    assert_eq!(text(&mut socket), ME);
    socket.send(Message::text("x".repeat(65_537))).unwrap();
    assert_eq!(closed(&mut socket), 1009);

    let mut parts = FrameSocket::new(opened(&server, &token).get_ref().try_clone().unwrap());
    for at in 0..5 {
        let opcode = OpCode::Data(if at == 0 { Data::Text } else { Data::Continue });
        let mut frame = Frame::message(vec![b'x'; 16_384], opcode, false);
        frame.header_mut().mask = Some([1, 2, 3, 4]);
        parts.send(frame).unwrap();
    }
    let frame = parts.read(None).unwrap().unwrap();
    assert_eq!(frame.header().opcode, OpCode::Control(tungstenite::protocol::frame::coding::Control::Close));
    assert_eq!(frame.payload()[..2], 1009_u16.to_be_bytes());
}

#[test]
fn a_gigabyte_is_refused_when_it_is_announced() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    let announced = [&[0x81, 0xff][..], &(1_u64 << 30).to_be_bytes()].concat();
    socket.get_mut().write_all(&announced).unwrap();
    assert_eq!(closed(&mut socket), 1009);
}

#[test]
fn what_is_no_text_or_no_protocol_closes_it() {
    let (server, _) = with("");
    let token = token(&server);
    let mut binary = opened(&server, &token);
    binary.send(Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(closed(&mut binary), 1003);

    let mut unmasked = opened(&server, &token);
    unmasked.get_mut().write_all(&[0x81, 1, b'x']).unwrap();
    assert_eq!(closed(&mut unmasked), 1002);

    let mut reserved = opened(&server, &token);
    reserved.get_mut().write_all(&[0xc1, 0x81, 0, 0, 0, 0, b'x']).unwrap();
    assert_eq!(closed(&mut reserved), 1002);

    let mut no_text = opened(&server, &token);
    no_text.get_mut().write_all(&[0x81, 0x81, 0, 0, 0, 0, 0xff]).unwrap();
    assert_eq!(closed(&mut no_text), 1007);
}

#[test]
fn it_is_pinged_and_closed_when_nothing_comes_back() {
    let (server, _) = with("socket_ping = \"1s\"");
    let mut answering = opened(&server, &token(&server));
    let mut silent = opened(&server, &token(&server));
    let until = Instant::now() + Duration::from_secs(4);
    let mut pings = 0;
    while Instant::now() < until {
        if let Message::Ping(_) = answering.read().unwrap() {
            pings += 1;
            answering.flush().unwrap();
        }
    }
    assert!(pings >= 3, "{pings}");
    let mut left = Vec::new();
    silent.get_mut().read_to_end(&mut left).unwrap();
    let close = [&[0x88, 17][..], &1008_u16.to_be_bytes(), b"no sign of life"].concat();
    assert!(left.ends_with(&close), "{left:?}");
}

#[test]
fn a_message_in_a_hundred_thousand_frames_closes_it_with_1009() {
    let (server, _) = with("");
    let token = token(&server);
    for content in [&b""[..], b"x"] {
        let mut socket = opened(&server, &token);
        let length = u8::try_from(content.len()).unwrap();
        let frame = |opcode: u8| [&[opcode, 0x80 | length, 0, 0, 0, 0][..], content].concat();
        let first = frame(1);
        let frames = [first, frame(0).repeat(100_000)].concat();
        // The server hangs up before it has read all of it.
        let _ = socket.get_mut().write_all(&frames);
        assert_eq!(closed(&mut socket), 1009);
    }
}

#[test]
fn a_message_may_have_some_frames() {
    let (server, _) = with("");
    let mut socket = opened(&server, &token(&server));
    let middle = [0, 0x80, 0, 0, 0, 0].repeat(100);
    let frames = [&[1, 0x81, 0, 0, 0, 0, b'x'][..], &middle, &[0x80, 0x81, 0, 0, 0, 0, b'y']].concat();
    for _ in 0..5 {
        socket.get_mut().write_all(&frames).unwrap();
        assert_eq!(text(&mut socket), ME);
    }
}

#[test]
fn a_flood_of_pings_closes_it_with_1008_and_a_few_are_answered() {
    let (server, _) = with("");
    let mut socket = entered(&server, &token(&server));
    assert_eq!(text(&mut socket), ME);
    for payload in ["one", "two"] {
        socket.send(Message::Ping(payload.into())).unwrap();
        assert_eq!(socket.read().unwrap(), Message::Pong(payload.into()));
    }
    let pings = [0x89, 0x80, 0, 0, 0, 0].repeat(10_000);
    let _ = socket.get_mut().write_all(&pings);
    assert_eq!(closed(&mut socket), 1008);
}
