package tls

// Begin reads the ClientHello that data begin with, and reports whether there is
// one. Data may end early, as a long message goes on in further segments; what is
// beyond the end is absent.
func (h *Handshake) Begin(data []byte) bool {
	const handshake, hello = 22, 1
	if len(data) < 9 || data[0] != handshake || data[1] != 3 || data[5] != hello {
		return false
	}
	h.clientHello(reader(data[9:]), nil)
	return true
}
