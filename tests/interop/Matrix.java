/* SPDX-License-Identifier: ISC */
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.util.Collections;

/**
 * Matrix.java: many keystores through one Java. Lines on standard input, separated by tabs:
 *     open  TYPE PROVIDER FILE PASSFILE       alias, algorithm and fingerprints of each key entry
 *     copy  FROM PASSFILE TYPE PROVIDER FILE PASSFILE  a PKCS#12 into a store of another type
 * PROVIDER is a name, or "-" for whichever comes first. One line of answer each: "ok ..." or "no: why". A
 * private key counts only if what it signs is verified by its certificate.
 */
public class Matrix {
	static KeyStore store(String type, String provider) throws Exception {
		return provider.equals("-") ? KeyStore.getInstance(type) : KeyStore.getInstance(type, provider);
	}

	static void load(KeyStore ks, String file, char[] pass) throws Exception {
		try (FileInputStream in = new FileInputStream(file)) {
			ks.load(in, pass);
		}
	}

	static void pair(PrivateKey key, Certificate cert) throws Exception {
		String alg = key.getAlgorithm();
		String how = alg.equals("RSA") ? "SHA256withRSA"
			: alg.startsWith("EC") ? "SHA256withECDSA" : "Ed25519";
		Signature s = Signature.getInstance(how);
		s.initSign(key);
		s.update(new byte[] { 1, 2, 3 });
		byte[] sig = s.sign();
		s.initVerify(cert.getPublicKey());
		s.update(new byte[] { 1, 2, 3 });
		if (!s.verify(sig))
			throw new Exception("the key is not that of the certificate");
	}

	static String open(String[] f) throws Exception {
		char[] pass = Stores.pass(f[4]);
		KeyStore ks = store(f[1], f[2]);
		StringBuilder out = new StringBuilder("ok");
		load(ks, f[3], pass);
		for (String alias : Collections.list(ks.aliases())) {
			if (!ks.isKeyEntry(alias))
				continue;
			pair((PrivateKey) ks.getKey(alias, pass), ks.getCertificate(alias));
			out.append('\t').append(alias);
			for (Certificate c : ks.getCertificateChain(alias))
				out.append(' ').append(Stores.sha256(c.getEncoded()));
		}
		return out.toString();
	}

	static String copy(String[] f) throws Exception {
		char[] pass = Stores.pass(f[2]), newPass = Stores.pass(f[6]);
		KeyStore from = store("PKCS12", "SunJSSE"), to = store(f[3], f[4]);
		load(from, f[1], pass);
		to.load(null, newPass);
		for (String alias : Collections.list(from.aliases())) {
			Key key = from.getKey(alias, pass);
			if (key != null)
				to.setKeyEntry(alias, key, newPass, from.getCertificateChain(alias));
			else
				to.setCertificateEntry(alias, from.getCertificate(alias));
		}
		try (FileOutputStream out = new FileOutputStream(f[5])) {
			to.store(out, newPass);
		}
		return "ok";
	}

	public static void main(String[] a) throws Exception {
		if (a.length > 0)
			Security.addProvider((Provider) Class.forName(a[0]).getDeclaredConstructor().newInstance());
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		for (String line; (line = in.readLine()) != null;) {
			String[] f = line.split("\t");
			String answer;
			try {
				answer = f[0].equals("open") ? open(f) : copy(f);
			} catch (Exception e) {
				answer = "no: " + String.valueOf(e).replace('\n', ' ');
			}
			System.out.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
			System.out.flush();
		}
	}
}
