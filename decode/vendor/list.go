package vendor

// all are the vendors. Where two of them have a key or a variable of one name,
// the first one's counts unless the phone is known to be the other's.
var all = []*Vendor{
	&grandstream,
	&yealink,
	&snom,
	&htek,
	&sangoma,
	&akuvox,
	&fanvil,
	&mitel,
	&flyingvoice,
	&poly,
	&vtech,
	&alcatel,
	&cyberdata,
	&matrix,
	&auerswald,
	&unify,
	&doorbird,
	&twoN,
	&avaya,
	&cisco,
	&gigaset,
	&panasonic,
	&thomson,
}
