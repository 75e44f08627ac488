// Package sip follows the SIP signalling of phones, as far as it takes to tell
// which event of a phone a message means.
//
//  1. A datagram or the bytes of a stream are told by how a message begins,
//     never by a port, and put together (reader.go).
//  2. Of a message that says something of a call or a registration, the few
//     header fields that matter are read (message.go), and what its offer of
//     media says of hold (sdp.go).
//  3. A call is followed as each of its ends has it: the address that sends and
//     the one that receives (call.go, register.go).
//  4. Requests are joined to the message that they belong to: by Call-ID, by
//     phone and number, or by phone and time (join.go).
//
// # Limits
//
// Ends are told apart by their addresses alone, so calls within one address are
// not followed. TLS cannot be read. Offers that answer an INVITE without one are
// not followed.
package sip
