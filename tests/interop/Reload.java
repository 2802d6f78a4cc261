/* SPDX-License-Identifier: ISC */
import java.io.FileInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * Reload.java TYPE STORE PASSFILE PORTFILE FLAG: a TLS service that keeps the certificate it began with
 * until it is told to look again, as Kafka does with `kafka-configs --alter` and Spring with its bundles.
 * It is told by a file FLAG, which it removes when the new certificate is served.
 */
public class Reload {
	static volatile SSLContext current;

	static SSLContext load(String type, String file, String pass) throws Exception {
		KeyStore ks = KeyStore.getInstance(type);
		try (InputStream in = new FileInputStream(file)) {
			ks.load(in, pass.toCharArray());
		}
		KeyManagerFactory f = KeyManagerFactory.getInstance("PKIX");
		f.init(ks, pass.toCharArray());
		SSLContext c = SSLContext.getInstance("TLS");
		c.init(f.getKeyManagers(), null, null);
		return c;
	}

	static void answer(Socket plain) {
		try (plain; SSLSocket s = (SSLSocket) current.getSocketFactory().createSocket(plain, null, true)) {
			s.setUseClientMode(false);
			s.setSoTimeout(5000);
			s.startHandshake();
			s.getInputStream().read();
			s.getOutputStream().write("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n".getBytes());
		} catch (Exception e) {
			System.err.println(e);
		}
	}

	static void watch(String[] a, String pass) {
		try {
			for (int i = 0; i < 2000; i++, Thread.sleep(50)) {
				if (!Files.exists(Path.of(a[4])))
					continue;
				current = load(a[0], a[1], pass);
				Files.delete(Path.of(a[4]));
			}
		} catch (Exception e) {
			System.err.println(e);
		}
		System.exit(0); /* nobody forgets it for longer */
	}

	public static void main(String[] a) throws Exception {
		String pass = Files.readString(Path.of(a[2])).trim();
		current = load(a[0], a[1], pass);
		ServerSocket l = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
		Thread t = new Thread(() -> watch(a, pass));
		t.start();
		Files.writeString(Path.of(a[3] + ".new"), l.getLocalPort() + "\n");
		Files.move(Path.of(a[3] + ".new"), Path.of(a[3]));
		while (true) {
			Socket s = l.accept();
			new Thread(() -> answer(s)).start();
		}
	}
}
