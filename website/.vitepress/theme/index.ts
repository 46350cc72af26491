// The system's fonts: the theme's own would be most of what a first page loads.
import Theme from 'vitepress/theme-without-fonts';
import './wide.css';

export default Theme;
