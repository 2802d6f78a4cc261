/* SPDX-License-Identifier: ISC */
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Tls.java serve SPEC PORTS | connect SPEC: TLS in Java, from the stores that the lines of SPEC name.
 *
 * serve:   NAME KEYS TRUST         a server on a free port, which is written to PORTS as "NAME PORT" when
 *                                  all are there; it answers "hello NAME, CLIENT"
 * connect: NAME HOST PORT TRUST KEYS   a client of 127.0.0.1:PORT that expects HOST's certificate; prints
 *                                  "NAME: " and the answer's last line, or what went wrong
 *
 * KEYS and TRUST are TYPE:FILE:STOREPASS:KEYPASS, or "-"; a server with TRUST wants a certificate of its client.
 */
public class Tls {
	static KeyStore open(String[] part) throws Exception {
		KeyStore ks = KeyStore.getInstance(part[0]);
		try (FileInputStream in = new FileInputStream(part[1])) {
			ks.load(in, part[2].isEmpty() ? null : part[2].toCharArray());
		}
		return ks;
	}

	static SSLContext context(String keys, String trust) throws Exception {
		KeyManager[] km = null;
		TrustManager[] tm = null;
		if (!keys.equals("-")) {
			String[] p = keys.split(":");
			KeyManagerFactory f = KeyManagerFactory.getInstance("PKIX");
			f.init(open(p), p[3].toCharArray());
			km = f.getKeyManagers();
		}
		if (!trust.equals("-")) {
			TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
			f.init(open(trust.split(":", -1)));
			tm = f.getTrustManagers();
		}
		SSLContext c = SSLContext.getInstance("TLS");
		c.init(km, tm, null);
		return c;
	}

	/* ---- the server ---- */

	static void answer(SSLSocket s, String name) {
		try (s) {
			s.setSoTimeout(5000);
			BufferedReader in = new BufferedReader(new InputStreamReader(s.getInputStream()));
			for (String l = in.readLine(); l != null && !l.isEmpty(); l = in.readLine())
				;
			String client = "nobody";
			if (s.getNeedClientAuth())
				client = ((X509Certificate) s.getSession().getPeerCertificates()[0])
						.getSubjectX500Principal().getName();
			String body = "hello " + name + ", " + client + "\n";
			OutputStream out = s.getOutputStream();
			out.write(("HTTP/1.0 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body).getBytes());
			out.flush();
		} catch (Exception e) {
			System.err.println(name + ": " + e);
		}
	}

	static int serve(String name, SSLContext c, boolean wants) throws Exception {
		SSLServerSocket l = (SSLServerSocket) c.getServerSocketFactory().createServerSocket(0, 50,
				InetAddress.getByName("127.0.0.1"));
		l.setNeedClientAuth(wants);
		Thread t = new Thread(() -> {
			while (true) {
				try {
					SSLSocket s = (SSLSocket) l.accept();
					new Thread(() -> answer(s, name)).start();
				} catch (Exception e) {
					System.err.println(name + ": " + e);
				}
			}
		});
		t.setDaemon(true);
		t.start();
		return l.getLocalPort();
	}

	/* ---- the client ---- */

	static String connect(String host, int port, SSLContext c) throws Exception {
		Socket plain = new Socket("127.0.0.1", port);
		plain.setSoTimeout(5000);
		try (SSLSocket s = (SSLSocket) c.getSocketFactory().createSocket(plain, host, port, true)) {
			SSLParameters p = s.getSSLParameters();
			p.setEndpointIdentificationAlgorithm("HTTPS");
			s.setSSLParameters(p);
			s.startHandshake();
			s.getOutputStream().write(("GET / HTTP/1.0\r\nHost: " + host + "\r\n\r\n").getBytes());
			s.getOutputStream().flush();
			InputStream in = s.getInputStream();
			String[] lines = new String(in.readAllBytes()).split("\r?\n");
			return lines[lines.length - 1];
		}
	}

	public static void main(String[] a) throws Exception {
		List<String> ports = new ArrayList<>();
		for (String l : Files.readAllLines(Path.of(a[1]))) {
			String[] w = l.split(" ");
			if (a[0].equals("serve")) {
				ports.add(w[0] + " " + serve(w[0], context(w[1], w[2]), !w[2].equals("-")));
				continue;
			}
			try {
				System.out.println(w[0] + ": " + connect(w[1], Integer.parseInt(w[2]), context(w[4], w[3])));
			} catch (Exception e) {
				System.out.println(w[0] + ": failed: " + e.getMessage());
			}
		}
		if (a[0].equals("serve")) {
			Path file = Path.of(a[2]);
			Files.write(Path.of(a[2] + ".new"), ports);
			Files.move(Path.of(a[2] + ".new"), file);
			Thread.sleep(60000); /* nobody forgets it for longer */
		}
	}
}
