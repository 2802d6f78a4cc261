/* SPDX-License-Identifier: ISC */
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Pkix.java TRUST SPEC CRL...: what Java's trust manager says of the chains in SPEC, with revocation by the
 * lists.  A line of SPEC is NAME, server or client, and the file with the chain; one of the output NAME and
 * "ok" or why not.  Without lists nothing is asked about revocation.
 */
public class Pkix {
	static final CertificateFactory X509 = factory();

	static CertificateFactory factory() {
		try {
			return CertificateFactory.getInstance("X.509");
		} catch (Exception e) {
			throw new IllegalStateException(e);
		}
	}

	static InputStream open(String file) throws Exception {
		return new ByteArrayInputStream(Files.readAllBytes(Path.of(file)));
	}

	static X509TrustManager manager(String trust, List<Object> lists) throws Exception {
		KeyStore ks = KeyStore.getInstance("PKCS12");
		ks.load(null, null);
		int n = 0;
		for (var c : X509.generateCertificates(open(trust)))
			ks.setCertificateEntry("ca" + n++, c);
		PKIXBuilderParameters p = new PKIXBuilderParameters(ks, new X509CertSelector());
		p.setRevocationEnabled(!lists.isEmpty());
		if (!lists.isEmpty()) {
			var check = (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
			check.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS,
						    PKIXRevocationChecker.Option.NO_FALLBACK));
			p.addCertPathChecker(check);
			p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
		}
		TrustManagerFactory f = TrustManagerFactory.getInstance("PKIX");
		f.init(new CertPathTrustManagerParameters(p));
		return (X509TrustManager) f.getTrustManagers()[0];
	}

	static String why(Throwable e) {
		while (e.getCause() != null)
			e = e.getCause();
		return String.valueOf(e.getMessage()).replace('\n', ' ');
	}

	public static void main(String[] args) throws Exception {
		List<Object> lists = new ArrayList<>();
		for (int i = 2; i < args.length; i++)
			lists.addAll(X509.generateCRLs(open(args[i])));
		X509TrustManager tm = manager(args[0], lists);
		for (String line : Files.readAllLines(Path.of(args[1]))) {
			String[] w = line.split(" ");
			X509Certificate[] chain = X509.generateCertificates(open(w[2])).toArray(new X509Certificate[0]);
			String out = "ok";
			try {
				if (w[1].equals("server"))
					tm.checkServerTrusted(chain, "UNKNOWN");
				else
					tm.checkClientTrusted(chain, "UNKNOWN");
			} catch (Exception e) {
				out = why(e);
			}
			System.out.println(w[0] + " " + w[1] + " " + out);
		}
	}
}
