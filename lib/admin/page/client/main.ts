document.body.textContent = 'Tasks';
import './page.css';
