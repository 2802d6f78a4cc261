/* SPDX-License-Identifier: ISC */
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

/**
 * Faults.java serve SPEC PORTS | connect SPEC: Java judges peers by PEM files of certificates and CRLs.
 *
 * serve:   NAME CHAIN KEY TRUST CRLS       a server that wants a client certificate; each gets a free port,
 *                                          written to PORTS as "NAME PORT" when all are there.  What it
 *                                          refuses, and why, goes to standard output: "NAME why"
 * connect: NAME HOST PORT TRUST CRLS       a client; prints "NAME ok" or "NAME why"
 *
 * CRLS may be "-", or "staple": what the server sends with its certificate has to say that it is good.
 */
public class Faults {
	static final int DEPTH = 20; /* Java's own limit is five CAs */

	static Collection<? extends Certificate> certs(String file) throws Exception {
		try (InputStream in = new FileInputStream(file)) {
			return CertificateFactory.getInstance("X.509").generateCertificates(in);
		}
	}

	static KeyManagerFactory identity(String chain, String file) throws Exception {
		String text = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----", "");
		PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(text));
		Certificate[] all = certs(chain).toArray(new Certificate[0]);
		PrivateKey key = KeyFactory.getInstance(all[0].getPublicKey().getAlgorithm()).generatePrivate(spec);
		KeyStore ks = KeyStore.getInstance("PKCS12");
		ks.load(null, null);
		ks.setKeyEntry("me", key, "x".toCharArray(), all);
		KeyManagerFactory f = KeyManagerFactory.getInstance("PKIX");
		f.init(ks, "x".toCharArray());
		return f;
	}

	static TrustManagerFactory judge(String trust, String crls) throws Exception {
		Set<TrustAnchor> anchors = new HashSet<>();
		for (Certificate c : certs(trust))
			anchors.add(new TrustAnchor((X509Certificate) c, null));
		PKIXBuilderParameters p = new PKIXBuilderParameters(anchors, new X509CertSelector());
		p.setMaxPathLength(DEPTH);
		p.setRevocationEnabled(!crls.equals("-"));
		if (!crls.equals("-") && !crls.equals("staple")) {
			try (InputStream in = new FileInputStream(crls)) {
				p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(
						CertificateFactory.getInstance("X.509").generateCRLs(in))));
			}
		}
		TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
		f.init(new CertPathTrustManagerParameters(p));
		return f;
	}

	/* The innermost reason: what wraps it says only that a path could not be built. */
	static String why(Throwable e) {
		while (e.getCause() != null && e.getCause().getMessage() != null)
			e = e.getCause();
		return String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
	}

	static synchronized void say(String name, String what) {
		System.out.println(name + " " + what);
	}

	/* ---- the server ---- */

	static void answer(SSLSocket s, String name) {
		try (s) {
			s.setSoTimeout(5000);
			InputStream in = s.getInputStream();
			for (int last = 0, c = in.read(); c >= 0; last = c, c = in.read())
				if (c == '\r' && last == '\n')
					break;
			OutputStream out = s.getOutputStream();
			out.write("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n".getBytes());
			out.flush();
		} catch (Exception e) {
			say(name, why(e));
		}
	}

	static int serve(String name, SSLContext c) throws Exception {
		SSLServerSocket l = (SSLServerSocket) c.getServerSocketFactory().createServerSocket(0, 50,
				InetAddress.getByName("127.0.0.1"));
		l.setNeedClientAuth(true);
		Thread t = new Thread(() -> {
			while (true) {
				try {
					SSLSocket s = (SSLSocket) l.accept();
					new Thread(() -> answer(s, name)).start();
				} catch (Exception e) {
					say(name, why(e));
				}
			}
		});
		t.setDaemon(true);
		t.start();
		return l.getLocalPort();
	}

	/* ---- the client ---- */

	static String connect(String host, int port, SSLContext c) {
		try (Socket plain = new Socket()) {
			plain.connect(new InetSocketAddress("127.0.0.1", port), 5000);
			plain.setSoTimeout(5000);
			SSLSocket s = (SSLSocket) c.getSocketFactory().createSocket(plain, host, port, true);
			SSLParameters p = s.getSSLParameters();
			p.setEndpointIdentificationAlgorithm("HTTPS");
			s.setSSLParameters(p);
			s.startHandshake();
			return "ok";
		} catch (Exception e) {
			return why(e);
		}
	}

	public static void main(String[] a) throws Exception {
		List<String> ports = new ArrayList<>();
		for (String l : Files.readAllLines(Path.of(a[1]))) {
			String[] w = l.split(" ");
			try {
				SSLContext c = SSLContext.getInstance("TLS");
				if (a[0].equals("serve")) {
					c.init(identity(w[1], w[2]).getKeyManagers(), judge(w[3], w[4]).getTrustManagers(), null);
					ports.add(w[0] + " " + serve(w[0], c));
				} else {
					c.init(null, judge(w[3], w[4]).getTrustManagers(), null);
					say(w[0], connect(w[1], Integer.parseInt(w[2]), c));
				}
			} catch (Exception e) {
				say(w[0], why(e));
			}
		}
		if (a[0].equals("serve")) {
			Files.write(Path.of(a[2] + ".new"), ports);
			Files.move(Path.of(a[2] + ".new"), Path.of(a[2]));
			Thread.sleep(180000); /* nobody forgets it for longer */
		}
	}
}
