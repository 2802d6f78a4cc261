/* SPDX-License-Identifier: ISC */
import java.io.FileInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Stores.java TYPE FILE STOREPASS KEYPASS [PROVIDER CLASS]: a keystore as Java sees it, one line for each
 * alias, sorted: alias, kind, algorithm of the key and SHA-256 of its encoding, SHA-256 of each certificate;
 * separated by tabs. Passphrases are files, "-" is none (null in Java's terms). An entry that does not
 * open is a line that says why; status 1 if there is one, 2 if the store itself does not open.
 */
public class Stores {
	static String sha256(byte[] b) throws Exception {
		StringBuilder s = new StringBuilder();
		for (byte x : MessageDigest.getInstance("SHA-256").digest(b))
			s.append(String.format("%02x", x));
		return s.toString();
	}

	static char[] pass(String file) throws Exception {
		return file.equals("-") ? null : Files.readString(Path.of(file)).split("\n", -1)[0].toCharArray();
	}

	static String line(KeyStore ks, String alias, char[] keyPass) throws Exception {
		StringBuilder s = new StringBuilder();
		if (ks.isKeyEntry(alias)) {
			Key key = ks.getKey(alias, keyPass);
			if (key == null)
				throw new Exception("no key");
			s.append(key instanceof javax.crypto.SecretKey ? "secret" : "key");
			s.append('\t').append(key.getAlgorithm()).append(' ').append(sha256(key.getEncoded()));
		} else {
			s.append("cert\t-");
		}
		Certificate[] chain = ks.getCertificateChain(alias);
		if (chain == null && ks.getCertificate(alias) != null)
			chain = new Certificate[] { ks.getCertificate(alias) };
		for (int i = 0; chain != null && i < chain.length; i++)
			s.append('\t').append(sha256(chain[i].getEncoded()));
		return s.toString();
	}

	public static void main(String[] a) {
		List<String> lines = new ArrayList<>();
		boolean failed = false;
		try {
			if (a.length > 4)
				Security.addProvider((Provider) Class.forName(a[4]).getDeclaredConstructor().newInstance());
			KeyStore ks = KeyStore.getInstance(a[0]);
			try (FileInputStream in = new FileInputStream(a[1])) {
				ks.load(in, pass(a[2]));
			}
			for (String alias : Collections.list(ks.aliases())) {
				try {
					lines.add(alias + "\t" + line(ks, alias, pass(a[3])));
				} catch (Exception e) {
					lines.add(alias + "\tfailed\t" + e);
					failed = true;
				}
			}
		} catch (Exception e) {
			System.err.println(a[1] + ": " + e);
			System.exit(2);
		}
		Collections.sort(lines);
		for (String l : lines)
			System.out.println(l);
		System.exit(failed ? 1 : 0);
	}
}
