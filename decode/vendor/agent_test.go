package vendor_test

import (
	"testing"

	"actionurl/decode/packet"
	"actionurl/decode/vendor"
)

// saying is what a user agent says of a phone.
type saying struct{ vendor, product, version, mac string }

// Of requests for provisioning, phone books and XML, unless noted.
func TestRead(t *testing.T) {
	for _, test := range []struct {
		ua   string
		want saying
	}{
		{"", saying{}},
		{" ", saying{}},
		{`"`, saying{}},
		{"curl/8.5.0", saying{}},
		{"python-requests/2.31.0", saying{}},
		{"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0.0.0", saying{}},
		{"alertmanager/0.27", saying{}},
		{"snomad/1.0", saying{}},
		{"report-02:00:00:00:00:01/1.0 02:00:00:00:00:01", saying{}},

		{"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872", saying{"grandstream", "GXP2135", "1.0.7.97", "00:0b:82:8a:a8:72"}},
		{"Grandstream Model HW GXV3240 V1.6B SW 1.0.1.27 DevId 000b82632815", saying{"grandstream", "GXV3240", "1.0.1.27", "00:0b:82:63:28:15"}},
		{"Grandstream Model HW GXV3240 [V1.6B] SW 1.0.1.27 DevId 000b82632815", saying{"grandstream", "GXV3240", "1.0.1.27", "00:0b:82:63:28:15"}},
		{"Grandstream Model HW GRP2601W SW 1.0.7.32 DevId EC:74:D7:89:1A:76", saying{"grandstream", "GRP2601W", "1.0.7.32", "ec:74:d7:89:1a:76"}},
		{"Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10", saying{"grandstream", "HT801", "1.0.17.5", "c0:74:ad:27:3a:10"}},
		{"Grandstream GXP2200 1.0.3.27", saying{"grandstream", "GXP2200", "1.0.3.27", ""}}, // as in SIP
		{"Yealink SIP-T46U 108.87.14.1 24:9a:d8:6e:9d:88", saying{"yealink", "SIP-T46U", "108.87.14.1", "24:9a:d8:6e:9d:88"}},
		{"yealink SIP-T28P 2.61.0.80 00:15:65:aa:bb:cc", saying{"yealink", "SIP-T28P", "2.61.0.80", "00:15:65:aa:bb:cc"}},
		{"Yealink W70B 146.85.0.5 80:5e:0c:aa:bb:cc", saying{"yealink", "W70B", "146.85.0.5", "80:5e:0c:aa:bb:cc"}},
		{"Yealink-T46G 28.71.0.81 28.1.0.128.0.0.0", saying{"yealink", "T46G", "28.71.0.81", ""}},
		{"VP530 23.70.0.41 00:15:65:aa:bb:cc", saying{"yealink", "VP530", "23.70.0.41", "00:15:65:aa:bb:cc"}},
		{"W52P 25.30.0.2 00:15:65:aa:bb:cc", saying{"yealink", "W52P", "25.30.0.2", "00:15:65:aa:bb:cc"}},
		{"yealink SIP-T46U", saying{"yealink", "SIP-T46U", "", ""}},
		{"Aastra6863i MAC:00-08-5D-AA-BB-CC V:4.1.0.128-SIP", saying{"mitel", "6863i", "4.1.0.128", "00:08:5d:aa:bb:cc"}},
		{"Mitel6920 MAC:14-00-E9-AA-BB-CC V:6.4.0.140-SIP", saying{"mitel", "6920", "6.4.0.140", "14:00:e9:aa:bb:cc"}},
		{"Aastra 6757i/2.6.0", saying{"mitel", "6757i", "2.6.0", ""}},
		{"ALE M3-CE 2.11.01.1604 3c28a6aabbcc", saying{"alcatel", "M3-CE", "2.11.01.1604", "3c:28:a6:aa:bb:cc"}},
		{"ALE 8028s-GE 1.51.52.2204 487a55aabbcc", saying{"alcatel", "8028s-GE", "1.51.52.2204", "48:7a:55:aa:bb:cc"}},
		{"Alcatel IP Touch 4038/2.01.20", saying{"alcatel", "IP Touch 4038", "2.01.20", ""}},
		{"Mozilla/4.0 (compatible; MSIE 6.0) AVAYA/J179-4.1.3.0.6 (MAC:c81feaaabbcc)", saying{"avaya", "J179", "4.1.3.0.6", "c8:1f:ea:aa:bb:cc"}},
		{"AVAYA/SIP12x0\x01/04.00.04.00", saying{"avaya", "SIP12x0\x01", "04.00.04.00", ""}},
		{"Cisco-CP-8841-3PCC/11.0 (aabbccddeeff)", saying{"cisco", "CP-8841-3PCC", "11.0", "aa:bb:cc:dd:ee:ff"}},
		{"Cisco/SPA508G-7.4.4 (0002FDAABBCC)(CBT141400UK)", saying{"cisco", "SPA508G", "7.4.4", "00:02:fd:aa:bb:cc"}},
		{"Linksys/SPA-942-6.1.5(a) (88019FA42805)", saying{"cisco", "SPA-942", "6.1.5", "88:01:9f:a4:28:05"}},
		{"CyberData/1.0.0", saying{"cyberdata", "", "1.0.0", ""}},
		{"Guardian 1.0.0", saying{"cyberdata", "", "1.0.0", ""}},
		{"Fanvil X5U-V2 2.12.16.17 0c383eaabbcc", saying{"fanvil", "X5U-V2", "2.12.16.17", "0c:38:3e:aa:bb:cc"}},
		{"Fanvil X6U Pro 0.0.10 0c383eaabbcc", saying{"fanvil", "X6U Pro", "0.0.10", "0c:38:3e:aa:bb:cc"}},
		{"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91;7C2F80AABBCC;Handset=3", saying{"gigaset", "N870 IP PRO", "83.V2.11.0+build.a546b91", "7c:2f:80:aa:bb:cc"}},
		{`"Gigaset N870 IP PRO/83.V2.11.0+build.a546b91"`, saying{"gigaset", "N870 IP PRO", "83.V2.11.0+build.a546b91", ""}},
		{"N510 IP PRO/42.258.00.000.000;7C2F80AABBCC", saying{"gigaset", "N510 IP PRO", "42.258.00.000.000", "7c:2f:80:aa:bb:cc"}},
		{"N510 IP PRO/42.258.00.000.000", saying{"gigaset", "N510 IP PRO", "42.258.00.000.000", ""}},
		{"Htek UC903 2.0.4.2 00:1f:c1:aa:bb:cc", saying{"htek", "UC903", "2.0.4.2", "00:1f:c1:aa:bb:cc"}},
		{"Hanlong UC926", saying{"htek", "UC926", "", ""}},
		{"Panasonic_KX-UT113/01.133 (0080f0aabbcc)", saying{"panasonic", "KX-UT113", "01.133", "00:80:f0:aa:bb:cc"}},
		{"FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application", saying{"poly", "VVX_400", "4.1.4.7430", ""}},
		{"FileTransport PolycomSoundPointIP-SPIP_450-UA/3.2.3.1734", saying{"poly", "SPIP_450", "3.2.3.1734", ""}},
		{"FileTransport PolycomSoundStationIP-SSIP_6000-UA/4.0.4.2906", saying{"poly", "SSIP_6000", "4.0.4.2906", ""}},
		{"Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413aabbcc)", saying{"snom", "snom710", "8.7.5.35", "00:04:13:aa:bb:cc"}},
		{"Mozilla/4.0 (compatible; snom360-SIP 8.4.35)", saying{"snom", "snom360", "8.4.35", ""}},
		{"Mozilla/4.0 (compatible; Snom M900 05.20.0001 000413aabbcc)", saying{"snom", "M900", "05.20.0001", "00:04:13:aa:bb:cc"}},
		{"Mozilla/4.0 (compatible; snom lid 3605)", saying{"snom", "", "", ""}},
		{"snomD725/10.1.64.14", saying{"snom", "snomD725", "10.1.64.14", ""}},
		{"Thomson ST2030 hw5 fw2.74 00-14-7F-AA-BB-CC", saying{"thomson", "ST2030", "2.74", "00:14:7f:aa:bb:cc"}},
		{"Akuvox R20A 320.30.11.47 0c:11:05:aa:bb:cc", saying{"akuvox", "R20A", "320.30.11.47", "0c:11:05:aa:bb:cc"}}, // form of the family
		{"libwww 00-08-5D-AA-BB-CC", saying{"mitel", "libwww", "", "00:08:5d:aa:bb:cc"}},                              // by the block

		// Cut short.
		{"Grandstream", saying{"grandstream", "", "", ""}},
		{"Grandstream Model HW", saying{"grandstream", "", "", ""}},
		{"Grandstream Model HW GXP2135 SW", saying{"grandstream", "GXP2135", "", ""}},
		{"Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b82", saying{"grandstream", "GXP2135", "1.0.7.97", ""}},
		{"Yealink", saying{"yealink", "", "", ""}},
		{"Aastra6863i MAC:00-08-5D-AA", saying{"mitel", "6863i", "", ""}},
	} {
		a := vendor.Read(test.ua)
		got := saying{product: a.Product(test.ua), version: a.Version(test.ua)}
		if a.Vendor != nil {
			got.vendor = a.Vendor.Name
		}
		if a.MAC != (packet.MAC{}) {
			got.mac = a.MAC.String()
		}
		if got != test.want {
			t.Errorf("%q\n got %+v\nwant %+v", test.ua, got, test.want)
		}
	}
}

func TestBrowsers(t *testing.T) {
	for ua, want := range map[string]bool{
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0": true,
		"Opera/9.80 (Windows NT 6.1) Presto/2.12":                                true,
		"curl/8.5.0": false,
		"Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 1.1.5-IFX-05.01.12 000413aabbcc)": false,
	} {
		if got := vendor.Read(ua).Browser; got != want {
			t.Errorf("%q: browser is %t", ua, got)
		}
	}
}

// What is read stands in the user agent, whatever that is.
func FuzzRead(f *testing.F) {
	f.Add("Mozilla/4.0 (compatible; snom710-SIP 8.7.5.35 000413aabbcc)")
	f.Add("FileTransport PolycomVVX-VVX_400-UA/4.1.4.7430")
	f.Add("Cisco/SPA508G-7.4.4 (0002FDAABBCC)")
	f.Fuzz(func(t *testing.T, ua string) {
		a := vendor.Read(ua)
		_, _ = a.Product(ua), a.Version(ua) // within bounds
		if a.Vendor != nil && a.Browser {
			t.Errorf("%q is of a phone and of a browser", ua)
		}
	})
}
